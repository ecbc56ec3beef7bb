import type { Clock } from '../clock.ts'
import type { ReplayBatch, Replayed, ReplayWriter } from '../kafka/replay-writer.ts'
import type { WholeRecord } from './sealed-record.ts'
import type { Weighed } from './weigh.ts'

/** What fits into one request with room for what Kafka adds; a letter's record alone always does. */
const BATCH_BYTES = 600_000
const BATCH_RECORDS = 500

export interface ReplayOptions {
  readonly weighed: AsyncIterable<Weighed>
  readonly writer: Pick<ReplayWriter, 'replay'>
  /** Records per second. */
  readonly rate: number
  readonly clock: Clock
  /** Ends early when the signal comes. */
  readonly sleep: (ms: number) => Promise<void>
  /** Ends it after the transaction that is under way. */
  readonly signal: AbortSignal
  readonly onSkipped: (weighed: Weighed) => void
  /** They are produced, whatever comes now. */
  readonly onReplayed: (replayed: readonly Replayed[]) => void
}

/** Produces what is worth it, a transaction for some records of one partition, at a rate that intake and its readers bear. Returns how it ended. */
export const replay = async (options: ReplayOptions): Promise<'done' | 'interrupted'> => {
  const { writer, rate, clock, signal } = options
  const most = Math.max(1, Math.min(BATCH_RECORDS, Math.ceil(rate / 4)))
  let batch: { letter: Weighed['letter']; record: WholeRecord }[] = []
  let bytes = 0
  /** When the next may go, by the monotonic clock. */
  let next = clock.monotonic()

  const flush = async (): Promise<void> => {
    const [first] = batch
    if (!first) return
    const wait = next - clock.monotonic()
    if (wait > 0) await options.sleep(wait)
    if (signal.aborted) return
    const { topic, partition } = first.letter.origin
    const whole: ReplayBatch = { topic, partition, records: batch, at: clock.now() }
    next = Math.max(next, clock.monotonic()) + (batch.length * 1_000) / rate
    options.onReplayed(await writer.replay(whole))
    batch = []
    bytes = 0
  }

  for await (const weighed of options.weighed) {
    if (signal.aborted) return 'interrupted'
    const { letter, record } = weighed
    if (!record) {
      options.onSkipped(weighed)
      continue
    }
    const size = sizeOf(record)
    const [first] = batch
    const fits = first === undefined || (isSamePartition(first, weighed) && batch.length < most && bytes + size <= BATCH_BYTES)
    if (!fits) await flush()
    if (signal.aborted) return 'interrupted'
    batch.push({ letter, record })
    bytes += size
  }
  await flush()
  return signal.aborted && batch.length > 0 ? 'interrupted' : 'done'
}

const isSamePartition = (a: Pick<Weighed, 'letter'>, b: Pick<Weighed, 'letter'>): boolean =>
  a.letter.origin.topic === b.letter.origin.topic && a.letter.origin.partition === b.letter.origin.partition

/** With what Kafka adds to each record and header, generously. */
const sizeOf = ({ key, value, headers }: WholeRecord): number =>
  Object.entries(headers)
    .flatMap(([name, each]) => each.map((bytes) => name.length * 3 + bytes.length + 20))
    .reduce((sum, size) => sum + size, (key?.length ?? 0) + (value?.length ?? 0) + 600)
