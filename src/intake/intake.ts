import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../clock.ts'
import type { Request } from '../domain/request.ts'
import type { Advertised } from './advertising.ts'
import { RegistryUnavailableError } from './event-reading.ts'
import { isKafkaFault } from './kafka-fault.ts'
import { PORTION as UNPAUSED } from './notify.ts'
import { type Dead, type ReadContext, type RecordReading, readRecord } from './read-record.ts'
import type { SourceBatch, SourceHeaders, SourceMessage } from './source-batch.ts'
import type { SourceRecord } from './source-record.ts'

/** Requests gathered before they are written: an outage for thousands is written in portions. */
const PORTION = 1_000
const RETRY_MS = 1_000

/** Where requests and dead letters go. Resolves when the brokers have them. */
export interface RequestWriter {
  write(requests: readonly Request[]): Promise<void>
  bury(letters: readonly DeadLetter[]): Promise<void>
}

/** A record that was not processed, whole, and why. */
export interface DeadLetter extends Dead {
  readonly record: SourceMessage
}

export type IntakeEvent =
  | { readonly kind: 'read'; readonly requests: readonly Request[] }
  /** What of those requests reads like advertising, on channels that let it pass. */
  | { readonly kind: 'advertised'; readonly found: readonly Advertised[] }
  /** Records that came after their window, of one topic: set aside, and nothing else. */
  | { readonly kind: 'too-old'; readonly topic: string; readonly records: number }
  /** Registry or brokers do not answer: nothing moves until they do. */
  | { readonly kind: 'stalled'; readonly cause: 'registry' | 'kafka'; readonly message: string }
  | { readonly kind: 'resumed' }

/** Reads one batch of a domain topic: every record becomes requests, and only then its offset moves. */
export const createIntake = (options: {
  readonly context: Omit<ReadContext, 'now' | 'pause'>
  readonly writer: RequestWriter
  readonly clock: Clock
  readonly onEvent: (event: IntakeEvent) => void
}): ((batch: SourceBatch) => Promise<void>) => {
  const { context, writer, clock, onEvent } = options

  return async (batch) => {
    let requests: Request[] = []
    let letters: DeadLetter[] = []
    let advertised: Advertised[] = []
    let last: number | undefined

    const flush = async (): Promise<boolean> => {
      const written = await untilDone(batch, async () => {
        for (let from = 0; from < requests.length; from += PORTION) {
          await writer.write(requests.slice(from, from + PORTION))
          await batch.heartbeat()
        }
        if (letters.length > 0) await writer.bury(letters)
        return true
      })
      if (!written || !batch.mine()) return false
      if (last !== undefined) await batch.done(last)
      onEvent({ kind: 'read', requests })
      if (advertised.length > 0) onEvent({ kind: 'advertised', found: advertised })
      const old = letters.filter(({ reason }) => reason === 'older-than-window').length
      if (old > 0) onEvent({ kind: 'too-old', topic: batch.topic, records: old })
      requests = []
      letters = []
      advertised = []
      return true
    }

    // LINE may wait for an answer; and who is not heard of for as long as thousands take on a busy machine loses the partition, and the
    // next one begins anew.
    const pause = async () => {
      await setImmediate()
      await batch.heartbeat()
    }
    let unpaused = 0
    for (const record of batch.records) {
      const reading = await untilDone(batch, () =>
        readRecord(sourceOf(batch, record), record.value, { ...context, now: clock.now(), pause }),
      )
      if (!reading) return
      requests.push(...reading.requests)
      advertised.push(...reading.advertised)
      if (reading.dead) letters.push({ record, ...reading.dead })
      last = record.offset
      unpaused += reading.requests.length
      if (unpaused >= UNPAUSED) {
        await pause()
        unpaused = 0
      }
      if (requests.length >= PORTION && !(await flush())) return
    }
    await flush()
    await batch.heartbeat()
  }

  /** Tries until it succeeds, or the partition is lost (then undefined). What is refused for good is a bug, and thrown. */
  async function untilDone<T extends RecordReading | boolean>(
    batch: SourceBatch,
    attempt: () => Promise<T>,
  ): Promise<T | undefined> {
    let stalled = false
    try {
      while (batch.mine()) {
        try {
          return await attempt()
        } catch (error) {
          const cause = error instanceof RegistryUnavailableError ? 'registry' : isKafkaFault(error) ? 'kafka' : undefined
          if (!cause) throw error
          stalled = true
          onEvent({ kind: 'stalled', cause, message: error instanceof Error ? error.message : String(error) })
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
          await batch.heartbeat()
        }
      }
      return undefined
    } finally {
      // Also when somebody else has the partition now: here nothing waits for it any more.
      if (stalled) onEvent({ kind: 'resumed' })
    }
  }
}

/** What a record says beside its value. */
export const sourceOf = (
  { topic, partition }: Pick<SourceBatch, 'topic' | 'partition'>,
  { offset, headers, timestamp }: Pick<SourceMessage, 'offset' | 'headers' | 'timestamp'>,
): SourceRecord => ({
  position: { topic, partition, offset },
  headers: new Map(Object.entries(headers ?? {}).flatMap(([name, value]) => textOf(name, value))),
  timestamp,
})

const textOf = (name: string, value: SourceHeaders[string]): [string, string][] => {
  const first = Array.isArray(value) ? value[0] : value
  return first === undefined ? [] : [[name, first.toString()]]
}
