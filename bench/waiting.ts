import type { Leash } from '../dev/leash.ts'

const LOOK_EVERY_MS = 20

/** What a child has printed, once it has. @throws with the end of its log when it ends before. */
export const printed = async (child: Leash, pattern: RegExp): Promise<string> => {
  for (;;) {
    const [, found] = pattern.exec(await child.log()) ?? []
    if (found !== undefined) return found
    if (child.ended()) throw new Error(`it ended too early:\n${await child.logTail()}`)
    await pause(LOOK_EVERY_MS)
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))
