/** As many requests as there are connections are handed to the HTTP pool, the rest wait here. The pool's own queue cannot be left:
 *  while LINE is out of reach, requests whose deadline has passed would pile up in it for as long as that lasts. */
export interface Slots {
  /** `true` once a slot is had, first come first served; `false` if the signal was first. */
  enter(signal: AbortSignal): Promise<boolean>
  leave(): void
}

export const createSlots = (count: number): Slots => {
  let free = count
  const waiting = new Set<() => void>()
  return {
    enter: (signal) => {
      if (signal.aborted) return Promise.resolve(false)
      if (free > 0) {
        free -= 1
        return Promise.resolve(true)
      }
      return new Promise((resolve) => {
        const admit = () => {
          signal.removeEventListener('abort', giveUp)
          resolve(true)
        }
        const giveUp = () => {
          waiting.delete(admit)
          resolve(false)
        }
        waiting.add(admit)
        signal.addEventListener('abort', giveUp, { once: true })
      })
    },
    leave: () => {
      const [next] = waiting
      if (!next) {
        free += 1
        return
      }
      waiting.delete(next)
      next()
    },
  }
}
