import type { Line, Send } from './line.ts'
import { pause } from './waiting.ts'

/** Reads LINE's log as it grows, so that LINE need not keep it: a large heap would make it stand still for its own garbage. */
export interface Follower {
  /** Up to what there is now. */
  look(): Promise<void>
}

const PAGE = 20_000

export const createFollower = (line: Line, onSend: (send: Send) => void): Follower => {
  let after = 0
  return {
    look: async () => {
      for (;;) {
        const page = await line.sends(after, PAGE)
        page.sends.forEach(onSend)
        if (page.last === after) return
        after = page.last
      }
    },
  }
}

const LOOK_EVERY_MS = 1_000

/** Looks every second until it is told to stop, and then once more. `stop` rejects with what went wrong meanwhile. */
export const follow = (line: Line, onSend: (send: Send) => void): { stop(): Promise<void> } => {
  const { look } = createFollower(line, onSend)
  let stopped = false
  const following = (async () => {
    while (!stopped) {
      await look()
      await pause(LOOK_EVERY_MS)
    }
    await look()
  })()
  following.catch(() => {})
  return {
    stop: () => {
      stopped = true
      return following
    },
  }
}
