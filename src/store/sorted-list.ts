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
    if (!this.has(item)) throw new Error('SortedList: the item to remove is not in the list')
    this.#items.splice(this.#place(item), 1)
  }

  has(item: T): boolean {
    const found = this.#items[this.#place(item)]
    return found !== undefined && this.#compare(found, item) === 0
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#items[Symbol.iterator]()
  }

  first(): T | undefined {
    return this.#items[0]
  }

  last(): T | undefined {
    return this.#items.at(-1)
  }

  /** The first item for which `isBefore` no longer holds. It must hold for none after that. */
  firstNot(isBefore: (item: T) => boolean): T | undefined {
    return this.#items[this.#partitionPoint(isBefore)]
  }

  /** That item, and all after it. */
  *from(isBefore: (item: T) => boolean): Iterable<T> {
    for (let place = this.#partitionPoint(isBefore); ; place++) {
      const item = this.#items[place]
      if (item === undefined) return
      yield item
    }
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
