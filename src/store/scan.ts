import type { SQLInputValue } from 'node:sqlite'
import type { Query, Row } from './store-file.ts'

/** Callers mostly want a few, and now and then all of a queue. */
const FIRST_PAGE = 16
const LARGEST_PAGE = 512

/** Everything a query finds, page by page: a caller may stop anywhere, ask something else meanwhile, or the same again, and no statement
 *  is left open. After `parameters` the query takes the `key` and `tie` of the row to go on after, and the size of the page; it orders
 *  by both, and selects both. */
export function* scan(query: Query, parameters: readonly SQLInputValue[], start: number | string = 0): Iterable<Row> {
  let key: SQLInputValue = Number.NEGATIVE_INFINITY
  let tie: SQLInputValue = typeof start === 'string' ? start : Number.NEGATIVE_INFINITY
  for (let size = FIRST_PAGE; ; size = Math.min(size * 4, LARGEST_PAGE)) {
    const rows = query.all(...parameters, key, tie, size)
    yield* rows
    const last = rows.at(-1)
    if (!last || rows.length < size) return
    key = last.key ?? null
    tie = last.tie ?? null
  }
}
