import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import { type Result, readResults, sourceFrom, tenThousandths } from './read-results.ts'

/** What became of every notification, in a database of one's own: the last word on each, which may correct the one before. */
export interface Crm {
  /** May be told the same any number of times, and by several readers. */
  keep(result: Result): void
  /** How many ended how, and what they can cost at most. */
  summary(): readonly SummaryLine[]
  close(): void
}

export interface SummaryLine {
  readonly status: string
  readonly notifications: number
  readonly tenThousandths: number
}

/** Every terminal result and correction is kept under its `resultId`, so one that comes twice is there once. The truth about a
 *  notification is the one with the highest `sequence`: `undelivered` may be followed by `delivered`. */
export const openCrm = (file: string): Crm => {
  const database = new DatabaseSync(file)
  database.exec(`
    CREATE TABLE IF NOT EXISTS statement (
      result_id TEXT PRIMARY KEY,
      notification_id TEXT NOT NULL,
      sequence INTEGER NOT NULL,
      status TEXT NOT NULL,
      reason TEXT,
      purpose TEXT,
      customer_id TEXT,
      subject TEXT,
      decided_at INTEGER NOT NULL,
      delivered_at INTEGER,
      cost INTEGER NOT NULL,
      corrects TEXT
    ) STRICT;
    CREATE INDEX IF NOT EXISTS statement_of ON statement (notification_id, sequence);
    CREATE INDEX IF NOT EXISTS statement_to ON statement (customer_id, decided_at);
    CREATE VIEW IF NOT EXISTS notification AS
      SELECT * FROM statement AS last
      WHERE sequence = (SELECT max(sequence) FROM statement WHERE notification_id = last.notification_id);
  `)
  const insert = database.prepare('INSERT OR IGNORE INTO statement VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const count = database.prepare(
    'SELECT status, count(*) AS notifications, sum(cost) AS tenThousandths FROM notification GROUP BY status ORDER BY status',
  )
  return {
    keep: (result) => {
      if (!result.terminal && result.corrects === null) return // still on its way
      insert.run(
        result.resultId,
        result.notificationId,
        result.sequence,
        result.status,
        result.reason,
        result.purpose,
        result.customerId,
        result.subject,
        result.decidedAt,
        result.deliveredAt,
        result.cost ? tenThousandths(result.cost.amount) : 0,
        result.corrects,
      )
    },
    summary: () =>
      count.all().map(({ status, notifications, tenThousandths: cost }) => ({
        status: String(status),
        notifications: Number(notifications),
        tenThousandths: Number(cost),
      })),
    close: () => database.close(),
  }
}

const USAGE = `npx node examples/consumers/crm.ts FILE          keeps results in the SQLite file, until Ctrl-C
npx node examples/consumers/crm.ts FILE --summary   prints how many notifications ended how, and what they can cost

KAFKA_BROKERS and SCHEMA_REGISTRY_URL say where they are, RESULTS_TOPIC what their topic is (tsuchi.results).
`

const main = async (): Promise<void> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { summary: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
  })
  const [file] = positionals
  if (values.help || file === undefined) return void process.stdout.write(USAGE)
  const crm = openCrm(file)
  if (values.summary) {
    for (const { status, notifications, tenThousandths: cost } of crm.summary())
      console.log(`${status}\t${notifications}\t${cost / 10_000}`)
    return crm.close()
  }
  const source = sourceFrom(process.env, 'crm')
  const reader = await readResults(source, crm.keep)
  console.error(`keeps ${source.topic} in ${file}; Ctrl-C ends it`)
  process.once('SIGINT', () => void reader.stop().then(crm.close))
}

if (import.meta.main)
  await main().catch((error: Error) => {
    console.error(error.message)
    process.exitCode = 1
  })
