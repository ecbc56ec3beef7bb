import { randomBytes } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'

/** What these examples use of a friend event. Every field: schemas/results/friend-event.avsc. */
export interface FriendEvent {
  readonly webhookEventId: string
  readonly kind: string
  readonly userId: string | null
  readonly occurredAt: number
  readonly linked: boolean | null
  readonly nonce: string | null
}

/** What they use of an attribution. Every field: schemas/results/attribution.avsc. */
export interface Attribution {
  readonly notificationId: string
  readonly userId: string
  readonly customerId: string | null
  readonly route: string
  readonly webhookEventId: string
}

/** Which of the company's customers is whom on LINE, and which notification led there. */
export interface Links {
  /** A nonce for LINE's dialog, bound to the customer who has just logged in. `token`: of the notification through which the browser
   *  came, if it did. */
  bind(customerId: string, token: string | null, now: number): string
  /** May be told the same any number of times, in any order. Returns the customer who is linked by it, if one is. */
  learn(event: FriendEvent): string | null
  learnWhy(attribution: Attribution): void
  userOf(customerId: string): string | null
  unlink(customerId: string): void
  /** Links that a notification to that same customer led to. */
  ledBy(): readonly { readonly customerId: string; readonly userId: string; readonly route: string }[]
  /** True once for each event. */
  isFirst(webhookEventId: string): boolean
  close(): void
}

/** LINE's link token is good for ten minutes, and webhooks may be late. */
const NONCE_LIFE_MS = 60 * 60_000

export const openLinks = (file: string): Links => {
  const database = new DatabaseSync(file)
  database.exec(`
    PRAGMA busy_timeout = 5000;
    CREATE TABLE IF NOT EXISTS nonce (
      nonce TEXT PRIMARY KEY,
      customer_id TEXT NOT NULL,
      made_at INTEGER NOT NULL,
      used_by TEXT -- the webhookEventId of the account link
    ) STRICT;
    CREATE TABLE IF NOT EXISTS link (customer_id TEXT PRIMARY KEY, user_id TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE IF NOT EXISTS attribution (
      notification_id TEXT PRIMARY KEY,
      webhook_event_id TEXT NOT NULL,
      user_id TEXT NOT NULL,
      customer_id TEXT,
      route TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS seen (webhook_event_id TEXT PRIMARY KEY) STRICT;
  `)
  const insertNonce = database.prepare('INSERT INTO nonce VALUES (?, ?, ?, NULL)')
  const use = database.prepare(`
    UPDATE nonce SET used_by = ? WHERE nonce = ? AND used_by IS NULL AND ? - made_at < ${NONCE_LIFE_MS} RETURNING customer_id`)
  const insertLink = database.prepare('INSERT OR REPLACE INTO link VALUES (?, ?)')
  const select = database.prepare('SELECT user_id FROM link WHERE customer_id = ?')
  const remove = database.prepare('DELETE FROM link WHERE customer_id = ?')
  const insertAttribution = database.prepare('INSERT OR IGNORE INTO attribution VALUES (?, ?, ?, ?, ?)')
  // Not by the notification alone: others may have had its URL. Who logged in must be whom it was for.
  const led = database.prepare(`
    SELECT nonce.customer_id AS customerId, attribution.user_id AS userId, attribution.route AS route
    FROM attribution JOIN nonce ON nonce.used_by = attribution.webhook_event_id
    WHERE attribution.customer_id = nonce.customer_id ORDER BY attribution.rowid`)
  const see = database.prepare('INSERT OR IGNORE INTO seen VALUES (?)')

  return {
    bind: (customerId, token, now) => {
      // Whoever knows a nonce can link their own LINE account to the customer it is bound to. The token was in a URL, which may have been
      // passed on; so what nobody can guess comes after it.
      const nonce = `${token ?? ''}${randomBytes(24).toString('base64url')}`
      insertNonce.run(nonce, customerId, now)
      return nonce
    },
    learn: ({ kind, linked, nonce, userId, webhookEventId, occurredAt }) => {
      if (kind !== 'account_link' || !linked || nonce === null || userId === null) return null
      // In one transaction, or a crash between the two would lose the link.
      database.exec('BEGIN IMMEDIATE')
      try {
        const bound = use.get(webhookEventId, nonce, occurredAt) // none: not ours, too old, or used
        if (bound) insertLink.run(String(bound.customer_id), userId)
        database.exec('COMMIT')
        return bound ? String(bound.customer_id) : null
      } catch (error) {
        database.exec('ROLLBACK')
        throw error
      }
    },
    learnWhy: ({ notificationId, webhookEventId, userId, customerId, route }) =>
      void insertAttribution.run(notificationId, webhookEventId, userId, customerId, route),
    userOf: (customerId) => {
      const link = select.get(customerId)
      return link ? String(link.user_id) : null
    },
    unlink: (customerId) => void remove.run(customerId),
    ledBy: () =>
      led.all().map(({ customerId, userId, route }) => ({
        customerId: String(customerId),
        userId: String(userId),
        route: String(route),
      })),
    isFirst: (webhookEventId) => see.run(webhookEventId).changes === 1,
    close: () => database.close(),
  }
}
