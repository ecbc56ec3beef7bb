/** Finds the first of many that come and go: a heap. */
export interface Earliest<T> {
  put(item: T): void
  /** The first that is wanted; those before it are forgotten. */
  first(isWanted: (item: T) => boolean): T | undefined
}

export const createEarliest = <T>(isBefore: (a: T, b: T) => boolean): Earliest<T> => {
  const heap: T[] = []

  const swap = (a: number, b: number): void => {
    const [one, other] = [heap[a], heap[b]]
    if (one === undefined || other === undefined) return
    heap[a] = other
    heap[b] = one
  }
  const precedes = (a: number, b: number): boolean => {
    const [one, other] = [heap[a], heap[b]]
    return one !== undefined && other !== undefined && isBefore(one, other)
  }
  const drop = (): void => {
    swap(0, heap.length - 1)
    heap.pop()
    for (let parent = 0; ; ) {
      const [left, right] = [2 * parent + 1, 2 * parent + 2]
      const child = precedes(right, left) ? right : left
      if (!precedes(child, parent)) return
      swap(child, parent)
      parent = child
    }
  }

  return {
    put: (item) => {
      heap.push(item)
      for (let child = heap.length - 1; child > 0; ) {
        const parent = (child - 1) >>> 1
        if (!precedes(child, parent)) return
        swap(child, parent)
        child = parent
      }
    },
    first: (isWanted) => {
      for (let head = heap[0]; head !== undefined; head = heap[0]) {
        if (isWanted(head)) return head
        drop()
      }
      return undefined
    },
  }
}
