import type { Clock } from '../clock.ts'
import type { Position } from '../domain/position.ts'
import { isKafkaFault } from '../intake/kafka-fault.ts'
import type { SourceBatch, SourceHeaders, SourceMessage } from '../intake/source-batch.ts'
import type { Storage } from './storage.ts'
import type { Refused, RefusedReason, Take, Taken } from './taker.ts'

/** Bodies whose events are stored together. */
const PORTION = 500
/** Of their bytes. */
const PORTION_BYTES = 4 << 20
const RETRY_MS = 1_000
/** A group waits 15 s for a sign of its members, and brokers may take longer to store something. */
const SIGN_EVERY_MS = 2_000

/** A record that another receiver wrote, and that is set aside. */
export interface RefusedRecord {
  readonly position: Position
  readonly record: SourceMessage
  readonly reason: `webhook-${RefusedReason}`
  /** With the remedy, and nothing of the body. */
  readonly detail: string
}

export interface TakenRecord extends Taken {
  /** When the other receiver had it: of the record, ms since the epoch. */
  readonly writtenAt: number
}

export type SignedBodiesEvent =
  /** Stored, and behind us. */
  | { readonly kind: 'taken'; readonly taken: readonly TakenRecord[] }
  | { readonly kind: 'refused'; readonly refused: readonly RefusedRecord[] }
  /** One of our secrets signed it, whether it was taken or not. Told before it is stored, and again when it is read again. */
  | { readonly kind: 'signed'; readonly channels: readonly string[]; readonly body: Buffer; readonly signature: string }
  /** LINE's, by its signature, and not taken: told before it is set aside. */
  | { readonly kind: 'lost'; readonly channels: readonly string[]; readonly writtenAt: number }
  /** The brokers do not store: nothing moves until they do. */
  | { readonly kind: 'stalled'; readonly message: string }
  | { readonly kind: 'resumed' }

/** A bug of ours. Nothing is skipped, so that the partition stops here. */
export class UnstorableBodiesError extends Error {
  override readonly name = 'UnstorableBodiesError'

  /** Only the name of the cause: its message may quote what could not be written. */
  constructor({ topic, partition }: Pick<SourceBatch, 'topic' | 'partition'>, portion: readonly SourceMessage[], cause: Error) {
    super(
      `${topic}/${partition}: the bodies at the offsets ${portion[0]?.offset} to ${portion.at(-1)?.offset} could not be made into records (${cause.name}). Nothing of them is skipped; report it, as another try would end in the same`,
    )
  }
}

/** Reads one batch of the topic into which another receiver puts signed bodies: what the signature proves is stored, the rest is set aside
 *  whole, and only then the offset moves. */
export const createSignedBodies = (options: {
  /** In lower case. */
  readonly signatureHeader: string
  readonly take: Take
  readonly storage: Storage
  readonly bury: (refused: readonly RefusedRecord[]) => Promise<void>
  readonly clock: Clock
  readonly onEvent: (event: SignedBodiesEvent) => void
}): ((batch: SourceBatch) => Promise<void>) => {
  const { signatureHeader, take, storage, bury, clock, onEvent } = options

  return async (batch) => {
    for (const portion of portionsOf(batch.records)) {
      const taken: TakenRecord[] = []
      const refused: RefusedRecord[] = []
      for (const record of portion) {
        const { body, signature, signatures } = signedOf(record, signatureHeader)
        const read = take(body, signature, clock.now())
        const channels = read.kind === 'taken' ? [read.channel] : read.channels
        if (signature !== undefined && channels.length > 0) onEvent({ kind: 'signed', channels, body, signature })
        if (read.kind === 'taken') {
          taken.push({ ...read, writtenAt: record.timestamp })
          continue
        }
        if (channels.length > 0) onEvent({ kind: 'lost', channels, writtenAt: record.timestamp })
        const position = { topic: batch.topic, partition: batch.partition, offset: record.offset, index: 0 }
        const detail = detailOf(read, { signatures, signatureHeader })
        refused.push({ position, record, reason: `webhook-${read.reason}`, detail })
      }
      const isDone = await untilDone(batch, portion, async () => {
        if (refused.length > 0) await bury(refused)
        const feedback = taken.flatMap((each) => each.feedback)
        const friendEvents = taken.flatMap((each) => each.friendEvents)
        if (feedback.length + friendEvents.length > 0) await storage.store({ feedback, friendEvents }).done
      })
      if (!isDone || !batch.mine()) return
      const last = portion.at(-1)
      if (last) await batch.done(last.offset)
      onEvent({ kind: 'taken', taken })
      if (refused.length > 0) onEvent({ kind: 'refused', refused })
      await batch.heartbeat()
    }
  }

  /** Tries until it succeeds. False if the partition is lost before. What no broker is to blame for is a bug, and thrown. */
  async function untilDone(
    batch: SourceBatch,
    portion: readonly SourceMessage[],
    attempt: () => Promise<void>,
  ): Promise<boolean> {
    let stalled = false
    try {
      while (batch.mine()) {
        const fault = await withSigns(batch, attempt())
        if (!fault) return true
        if (!isKafkaFault(fault)) throw new UnstorableBodiesError(batch, portion, fault)
        stalled = true
        onEvent({ kind: 'stalled', message: fault.message })
        await pause(RETRY_MS)
        await batch.heartbeat()
      }
      return false
    } finally {
      // Also when somebody else has the partition now: here nothing waits for it any more.
      if (stalled) onEvent({ kind: 'resumed' })
    }
  }
}

/** The body, and the signature with it; none if there is more than one. */
export const signedOf = (
  { value, headers }: { readonly value: Buffer | null; readonly headers: WrittenHeaders | undefined },
  signatureHeader: string,
): { readonly body: Buffer; readonly signature: string | undefined; readonly signatures: number } => {
  const found = Object.entries(headers ?? {}).flatMap(([name, each]) =>
    name.toLowerCase() === signatureHeader ? [each ?? []].flat() : [],
  )
  return {
    body: value ?? Buffer.of(),
    signature: found.length === 1 ? found[0]?.toString() : undefined,
    signatures: found.length,
  }
}

/** As Kafka has them, or a dead letter. */
type WrittenHeaders = SourceHeaders | Readonly<Record<string, readonly Buffer[]>>

/** With the remedy: whoever reads it can put the record back (`tsuchi dead-letters replay`). */
export const detailOf = (
  { reason, channels }: Refused,
  { signatures, signatureHeader }: { readonly signatures: number; readonly signatureHeader: string },
): string => {
  const whose = channels.map((channel) => `channels.${channel}.webhook`).join(' or ')
  switch (reason) {
    case 'unsigned':
      return signatures === 0
        ? `the record has no header ${signatureHeader}: whoever writes it must keep the one that LINE sent`
        : `the record has the header ${signatureHeader} ${signatures} times: LINE sends it once`
    case 'wrong-signature':
      return 'no secret of any channel made this signature for this value: has channels.<name>.webhook.secrets the right ones, and is the value the body byte for byte, or did somebody else write it?'
    case 'unknown-account':
      return `a secret of ${whose} signed it, and it is about another account: is its destination right?`
    case 'unreadable':
      return `a secret of ${whose} signed it, and it is not shaped like a webhook of LINE's`
  }
}

function* portionsOf(records: readonly SourceMessage[]): Generator<readonly SourceMessage[]> {
  let portion: SourceMessage[] = []
  let bytes = 0
  for (const record of records) {
    if (portion.length >= PORTION || bytes >= PORTION_BYTES) {
      yield portion
      portion = []
      bytes = 0
    }
    portion.push(record)
    bytes += record.value?.length ?? 0
  }
  if (portion.length > 0) yield portion
}

/** Resolves to the fault, if it ends in one. Brokers may take longer than the group waits for a sign of its members. */
const withSigns = async (batch: SourceBatch, work: Promise<void>): Promise<Error | null> => {
  const end = work.then(
    () => null,
    (fault: unknown) => (fault instanceof Error ? fault : new Error(String(fault))),
  )
  for (;;) {
    const sign = pausing(SIGN_EVERY_MS)
    const ended = await Promise.race([end.then((fault) => ({ fault })), sign.over])
    sign.cancel()
    if (ended) return ended.fault
    await batch.heartbeat()
  }
}

const pausing = (ms: number) => {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => resolve(undefined), ms)
  return { over: promise, cancel: () => clearTimeout(timer) }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
