/** Keeps items in order by binary search over an array: inserting moves pointers only, which is cheap where most items arrive near
 *  the end and leave near the front. `compare` must tell any two items apart. */
export class SortedList<T> implements Iterable<T> {
  readonly #items: T[] = []
  readonly #compare: (a: T, b: T) => number

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  add(item: T): void {
    this.#items.splice(this.#place(item), 0, item)
  }

  remove(item: T): void {
    const place = this.#place(item)
    const found = this.#items[place]
    if (found === undefined || this.#compare(found, item) !== 0)
      throw new Error('SortedList: the item to remove is not in the list')
    this.#items.splice(place, 1)
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#items[Symbol.iterator]()
  }

  /** The first item for which `isBefore` no longer holds. It must hold for none after that. */
  firstNot(isBefore: (item: T) => boolean): T | undefined {
    return this.#items[this.#partitionPoint(isBefore)]
  }

  #place(item: T): number {
    return this.#partitionPoint((other) => this.#compare(other, item) < 0)
  }

  #partitionPoint(isBefore: (item: T) => boolean): number {
    let low = 0
    let high = this.#items.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const item = this.#items[middle]
      if (item !== undefined && isBefore(item)) low = middle + 1
      else high = middle
    }
    return low
  }
}
