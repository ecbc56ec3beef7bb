/** The most entries one step changes by itself, for each reason: a journal write each, and the loop should stay under some tens of ms. */
export const MOST_BY_ITSELF = 500

/** At most so many of them. */
export function* take<T>(items: Iterable<T>, most: number): Iterable<T> {
  let left = most
  if (left <= 0) return
  for (const item of items) {
    yield item
    if (--left <= 0) return
  }
}

export const any = (items: Iterable<unknown>): boolean => {
  for (const _ of items) return true
  return false
}
