import type { SQLInputValue } from 'node:sqlite'
import { IN_LINE, UNDER_WAY } from './row.ts'
import type { Query, Row } from './store-file.ts'

/** Whose turn it is: the first of every line and the resends of a recipient to whom nothing is under way. Kept in a column, so that
 *  `waiting` sees nobody else, and found out anew for the recipients that a change concerns. */
export interface Turns {
  /** Nothing is queued for this recipient, or under way: what is queued next has the turn. */
  isFree(recipient: SQLInputValue): boolean
  /** After all changes have been written, those of `touched` without a turn. */
  settle(recipient: SQLInputValue, touched: ReadonlySet<number>): void
  /** Lets back in what has backed off by `now`. Before every question about what waits. */
  catchUp(now: number): void
  /** What to write for an entry that has the turn. */
  turnOf(entry: { readonly releaseAt: number; readonly notBefore: number }): 0 | 1
}

/** Most recipients have fewer entries queued. */
const PAGE = 8

export const TURN_QUERIES = {
  somebody: 'SELECT 1 FROM entries WHERE recipient = ? AND place IS NOT NULL LIMIT 1',
  people: `SELECT arrival, place, channel, rank, releaseAt, notBefore, turn FROM entries
    WHERE recipient = ? AND place IS NOT NULL AND (place, channel, rank, releaseAt, seq) > (?, ?, ?, ?, ?)
    ORDER BY place, channel, rank, releaseAt, seq LIMIT ?`,
  setTurn: 'UPDATE entries SET turn = ? WHERE arrival = ?',
  backedOff: 'UPDATE entries SET turn = 1 WHERE turn = 0 AND notBefore > releaseAt AND notBefore <= ?',
  notYet: 'UPDATE entries SET turn = 0 WHERE turn = 1 AND notBefore > releaseAt AND notBefore > ?',
  nextBackOff: 'SELECT notBefore FROM entries WHERE turn = 0 AND notBefore > releaseAt ORDER BY notBefore LIMIT 1',
} as const

export const createTurns = (query: (sql: string) => Query): Turns => {
  const somebody = query(TURN_QUERIES.somebody)
  const people = query(TURN_QUERIES.people)
  const setTurn = query(TURN_QUERIES.setTurn)
  const backedOff = query(TURN_QUERIES.backedOff)
  const notYet = query(TURN_QUERIES.notYet)
  const nextBackOff = query(TURN_QUERIES.nextBackOff)
  /** Nothing comes back before then. */
  let earliest = Number.NEGATIVE_INFINITY
  /** When it was last asked what waits: what the file says is right for then. At first, that is not known. */
  let caughtUpTo = Number.POSITIVE_INFINITY

  const turnOf: Turns['turnOf'] = ({ releaseAt, notBefore }) => {
    if (notBefore <= releaseAt) return 1
    earliest = Math.min(earliest, notBefore)
    return 0
  }

  const set = (row: Row, itsTurn: boolean): void => {
    if (itsTurn === (row.turn !== null)) return
    const times = { releaseAt: Number(row.releaseAt), notBefore: Number(row.notBefore) }
    setTurn.run(itsTurn ? turnOf(times) : null, Number(row.arrival))
  }

  return {
    isFree: (recipient) => somebody.get(recipient) === undefined,
    turnOf,
    settle: (recipient, touched) => {
      let blocked = false
      let last: Row | undefined
      /** Whoever is behind, in the line of `last`, has not had the turn: it was had by somebody before them, or by nobody. */
      let rest = false
      for (let spot: readonly SQLInputValue[] = START; ; ) {
        const rows = people.all(recipient, ...spot, PAGE)
        for (const row of rows) {
          const behind = row.place === IN_LINE && last !== undefined && sameLine(row, last)
          if (!behind) rest = false
          if (row.place === UNDER_WAY) blocked = true
          else if (!rest) set(row, !blocked && !behind)
          // An entry that was not written had the turn only if all before it are new there.
          if (row.place === IN_LINE && !touched.has(Number(row.arrival))) rest = true
          last = row
        }
        if (rows.length < PAGE || !last) return
        spot = [last.place, last.channel, last.rank, rest ? Number.POSITIVE_INFINITY : last.releaseAt, last.arrival].map(
          (value) => value ?? null,
        )
      }
    },
    catchUp: (now) => {
      const backwards = now < caughtUpTo
      caughtUpTo = now
      if (backwards) notYet.run(now)
      else if (now < earliest) return
      backedOff.run(now)
      earliest = Number(nextBackOff.get()?.notBefore ?? Number.POSITIVE_INFINITY)
    },
  }
}

const START: readonly SQLInputValue[] = [-1, '', 0, 0, 0]

const sameLine = (a: Row, b: Row): boolean => a.place === b.place && a.channel === b.channel && a.rank === b.rank
