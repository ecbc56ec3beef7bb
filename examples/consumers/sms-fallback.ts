import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import { type Result, readResults, sourceFrom } from './read-results.ts'

/** Who is to get an SMS because LINE did not reach them, and what became of it. Nobody gets two for one event. */
export interface SmsOutbox {
  /** May be told the same any number of times. */
  learn(result: Result): void
  /** Sends what is due. `send` resolves when the SMS company has taken it; where it rejects, nobody can say, and it is not sent again. */
  sendDue(send: (sms: Sms) => Promise<void>): Promise<void>
  all(): readonly SmsRecord[]
  close(): void
}

/** Results hold neither number nor text: look the customer up, and write the text for the purpose and the subject. */
export interface Sms {
  /** The same for the same event and customer: give it to the SMS company as idempotency key, if it takes one. */
  readonly key: string
  readonly customerId: string | null
  readonly purpose: string | null
  readonly subject: string | null
  /** The status that called for it. */
  readonly because: string
}

export interface SmsRecord extends Sms {
  readonly state: 'waiting' | 'sending' | 'sent' | 'not-needed' | 'in-vain'
}

/** `due`: LINE did not reach the person (`unreachable`, or `undelivered` after a day), or not in time, and the route wants SMS then. `over`:
 *  it reached them, perhaps after all, or there is nothing left to tell. `nothing`: it is on its way, as `accepted` is where receipts
 *  are awaited, or another notification has that part. */
export const meaningOf = ({ status, terminal, corrects, fallback }: Result): 'due' | 'over' | 'nothing' => {
  if (fallback === 'sms') return 'due'
  const isTruth = terminal || corrects !== null
  return isTruth && status !== 'duplicate' ? 'over' : 'nothing'
}

export const openSmsOutbox = (file: string): SmsOutbox => {
  const database = new DatabaseSync(file)
  database.exec(`
    CREATE TABLE IF NOT EXISTS sms (
      key TEXT PRIMARY KEY,
      customer_id TEXT,
      purpose TEXT,
      subject TEXT,
      because TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'sent', 'not-needed', 'in-vain'))
    ) STRICT;
  `)
  // A hint may come several times for one event: fallback_due, then undelivered; or for the event produced anew. The first one counts.
  const due = database.prepare(`
    INSERT INTO sms VALUES (?, ?, ?, ?, ?, 'waiting')
    ON CONFLICT (key) DO UPDATE SET state = 'waiting', because = excluded.because WHERE state = 'not-needed'`)
  const over = database.prepare(`
    UPDATE sms SET state = CASE state WHEN 'waiting' THEN 'not-needed' WHEN 'sent' THEN ? ELSE state END WHERE key = ?`)
  const select = 'SELECT key, customer_id AS customerId, purpose, subject, because, state FROM sms'
  const waiting = database.prepare(`${select} WHERE state = 'waiting' ORDER BY rowid`)
  const every = database.prepare(`${select} ORDER BY rowid`)
  const claim = database.prepare("UPDATE sms SET state = 'sending' WHERE key = ? AND state = 'waiting'")
  const sent = database.prepare("UPDATE sms SET state = 'sent' WHERE key = ?")

  return {
    learn: (result) => {
      const { customerId, purpose, subject, status } = result
      const meaning = meaningOf(result)
      if (meaning === 'due') due.run(keyOf(result), customerId, purpose, subject, status)
      if (meaning === 'over') over.run(status === 'accepted' || status === 'delivered' ? 'in-vain' : 'sent', keyOf(result))
    },
    sendDue: async (send) => {
      for (const sms of waiting.all() as unknown as readonly SmsRecord[]) {
        // Committed before the call: whatever happens to us then, it is never sent twice. What stays `sending` is for a person to look at.
        if (claim.run(sms.key).changes !== 1) continue
        const taken = await send(sms).then(
          () => true,
          () => false,
        )
        if (taken) sent.run(sms.key)
      }
    },
    all: () => every.all() as unknown as readonly SmsRecord[],
    close: () => database.close(),
  }
}

/** An event and a person. Not the notification: an event that was refused, mended and produced anew is another notification. */
const keyOf = ({ notificationId, source, customerId, recipientRef }: Result): string =>
  source.eventId === null
    ? notificationId
    : JSON.stringify([source.eventSource, source.eventId, customerId ?? recipientRef ?? notificationId])

const USAGE = `npx node examples/consumers/sms-fallback.ts FILE   prints who is to get an SMS, until Ctrl-C; FILE remembers who got one

KAFKA_BROKERS and SCHEMA_REGISTRY_URL say where they are, RESULTS_TOPIC what their topic is (tsuchi.results).
`

const LOOK_EVERY_MS = 1_000

const main = async (): Promise<void> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', default: false } },
  })
  const [file] = positionals
  if (values.help || file === undefined) return void process.stdout.write(USAGE)
  const outbox = openSmsOutbox(file)
  const source = sourceFrom(process.env, 'sms-fallback')
  const reader = await readResults(source, outbox.learn)
  console.error(`reads ${source.topic}; Ctrl-C ends it`)
  const stopping = new AbortController()
  process.once('SIGINT', () => stopping.abort())
  while (!stopping.signal.aborted) {
    await outbox.sendDue(print)
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_EVERY_MS)
    })
  }
  await reader.stop()
  outbox.close()
}

/** In place of an SMS company. */
const print = async ({ customerId, purpose, subject, because }: Sms): Promise<void> => {
  console.log(`SMS to customer ${customerId}: ${purpose}${subject === null ? '' : ` about ${subject}`} (${because})`)
}

if (import.meta.main)
  await main().catch((error: Error) => {
    console.error(error.message)
    process.exitCode = 1
  })
