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
