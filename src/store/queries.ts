import type { Query } from './store-file.ts'

/** Everything the SQLite store asks, but for turns. Those that go through many rows end in the key and tie to go on after and the size
 *  of a page (scan.ts); each has an index that has its rows together and in order. */
export const STORE_QUERIES = {
  byId: 'SELECT arrival FROM entries WHERE id = ?',
  byIdentity: 'SELECT arrival FROM entries WHERE identity = ? ORDER BY arrival LIMIT 1',
  byBusinessKey: 'SELECT arrival FROM entries WHERE business = ? ORDER BY arrival DESC LIMIT 1',
  byTag: 'SELECT arrival FROM tags WHERE tag = ?',
  body: 'SELECT body, crc FROM entries WHERE arrival = ?',
  before: 'SELECT arrival, state, identity IS NOT NULL AS named, business IS NOT NULL AS keyed FROM entries WHERE id = ?',

  waiting: `SELECT releaseAt AS key, arrival AS tie FROM entries
    WHERE turn = 1 AND lane = ? AND rank = ? AND releaseAt <= ? AND (releaseAt, seq) > (?, ?)
    ORDER BY releaseAt, seq LIMIT ?`,
  inLine: `SELECT releaseAt AS key, arrival AS tie FROM entries
    WHERE recipient = ? AND place = 1 AND channel = ? AND rank = ? AND (releaseAt, seq) > (?, ?)
    ORDER BY releaseAt, seq LIMIT ?`,
  sendingTo: 'SELECT arrival FROM entries WHERE recipient = ? AND place = 0',
  reached: `SELECT lastSentAt AS key, arrival AS tie FROM entries
    WHERE recipient = ? AND lastSentAt > ? AND (lastSentAt, seq) > (?, ?)
    ORDER BY lastSentAt, seq LIMIT ?`,
  queuedAbout: `SELECT 0 AS key, arrival AS tie FROM entries
    WHERE subject = ?1 AND ?2 IS NOT NULL AND arrival > ?3 ORDER BY arrival LIMIT ?4`,
  inFlight: `SELECT 0 AS key, arrival AS tie FROM entries
    WHERE place = 0 AND ?1 IS NOT NULL AND arrival > ?2 ORDER BY arrival LIMIT ?3`,
  expired: `SELECT expiresAt AS key, arrival AS tie FROM entries
    WHERE expiresAt <= ? AND (expiresAt, seq) > (?, ?) ORDER BY expiresAt, seq LIMIT ?`,
  unsettled: `SELECT settleAt AS key, arrival AS tie FROM entries
    WHERE channel = ? AND settleAt <= ? AND (settleAt, seq) > (?, ?) ORDER BY settleAt, seq LIMIT ?`,
  nextUnsettledChannel: `SELECT channel FROM entries INDEXED BY unsettled
    WHERE settleAt IS NOT NULL AND channel > ? ORDER BY channel LIMIT 1`,
  fallbackDue: `SELECT fallbackAt AS key, arrival AS tie FROM entries
    WHERE fallbackAt <= ? AND (fallbackAt, seq) > (?, ?) ORDER BY fallbackAt, seq LIMIT ?`,
  forgettable: `SELECT forgetAt AS key, arrival AS tie, id FROM entries
    WHERE forgetAt <= ? AND (forgetAt, seq) > (?, ?) ORDER BY forgetAt, seq LIMIT ?`,
  forgettableMarks: `SELECT forgetAt AS key, subject AS tie FROM marks
    WHERE forgetAt <= ? AND (forgetAt, subject) > (?, ?) ORDER BY forgetAt, subject LIMIT ?`,
  pendingMarks: `SELECT pending AS key, subject AS tie FROM marks
    WHERE pending = 1 AND ?1 IS NOT NULL AND subject > ?2 ORDER BY subject LIMIT ?3`,

  nextForget: `SELECT
    (SELECT forgetAt FROM entries WHERE forgetAt IS NOT NULL ORDER BY forgetAt LIMIT 1) AS entry,
    (SELECT forgetAt FROM marks WHERE forgetAt IS NOT NULL ORDER BY forgetAt LIMIT 1) AS mark`,
  nextWake: `SELECT
    (SELECT releaseAt FROM entries WHERE turn = 1 AND notBefore <= releaseAt AND releaseAt > ?1 ORDER BY releaseAt LIMIT 1) AS release,
    (SELECT notBefore FROM entries WHERE turn = 0 AND notBefore > releaseAt AND notBefore > ?1 ORDER BY notBefore LIMIT 1) AS backOff,
    (SELECT notBefore FROM entries WHERE turn = 1 AND notBefore > releaseAt AND notBefore > ?1 ORDER BY notBefore LIMIT 1) AS setBack,
    (SELECT expiresAt FROM entries WHERE expiresAt > ?1 ORDER BY expiresAt LIMIT 1) AS expiry,
    (SELECT settleAt FROM entries WHERE settleAt > ?1 ORDER BY settleAt LIMIT 1) AS settle,
    (SELECT fallbackAt FROM entries WHERE fallbackAt > ?1 ORDER BY fallbackAt LIMIT 1) AS fallback`,

  mark: 'SELECT body, crc FROM marks WHERE subject = ?',
  pauses: 'SELECT body, crc FROM pauses',
  coverages: 'SELECT body, crc FROM coverages',

  insert: `INSERT INTO entries
    (arrival, seq, id, identity, business, recipient, channel, lane, rank, state, place, turn, releaseAt, notBefore, subject, expiresAt,
     settleAt, fallbackAt, lastSentAt, forgetAt, crc, body)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  update: `UPDATE entries SET state = ?, place = ?, turn = ?, releaseAt = ?, notBefore = ?, subject = ?, expiresAt = ?, settleAt = ?,
    fallbackAt = ?, lastSentAt = ?, forgetAt = ?, crc = ?, body = ? WHERE arrival = ?`,
  remove: 'DELETE FROM entries WHERE arrival = ?',
  putTag: `INSERT INTO tags (tag, arrival) VALUES (?, ?)
    ON CONFLICT (tag) DO UPDATE SET arrival = excluded.arrival WHERE arrival <> excluded.arrival`,
  removeTag: 'DELETE FROM tags WHERE tag = ? AND arrival = ?',
  putMark: 'INSERT OR REPLACE INTO marks (subject, pending, forgetAt, crc, body) VALUES (?, ?, ?, ?, ?)',
  removeMark: 'DELETE FROM marks WHERE subject = ?',
  putPause: 'INSERT OR REPLACE INTO pauses (channel, crc, body) VALUES (?, ?, ?)',
  removePause: 'DELETE FROM pauses WHERE channel = ?',
  putCoverage: 'INSERT OR REPLACE INTO coverages (channel, crc, body) VALUES (?, ?, ?)',
  removeCoverage: 'DELETE FROM coverages WHERE channel = ?',
} as const

export type StoreQueries = { readonly [name in keyof typeof STORE_QUERIES]: Query }

export const prepareQueries = (query: (sql: string) => Query): StoreQueries => {
  const prepared = Object.entries(STORE_QUERIES).map(([name, sql]) => [name, query(sql)])
  return Object.fromEntries(prepared)
}
