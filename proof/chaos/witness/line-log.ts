import { setTimeout as pause } from 'node:timers/promises'
import { kindOf, PEOPLE } from '../../../src/line-simulator/people.ts'
import type { LogEntry } from '../../../src/line-simulator/request-log.ts'
import type { Post } from '../../verifier/history.ts'

/** LINE's own log, read over its admin API. */
export interface LineLog {
  /** Requests to send so far. */
  seen(): number
  /** Reads it once more from the beginning, as an entry may change when a client leaves before it is answered.
   *  @param laneOf of a delivery tag, for requests of which LINE could not say whose they were. */
  posts(laneOf: (deliveryTag: string, endpoint: string) => string): Promise<readonly Post[]>
  close(): Promise<void>
}

const LOOK_EVERY_MS = 1_000
const PAGE = 20_000

interface KnownFault {
  readonly kind: string
  readonly recorded?: boolean
}

/** To send, and received whole. */
const isPost = ({ endpoint, status }: LogEntry): boolean =>
  (endpoint === 'flexible' || endpoint === 'template') && status !== 'incomplete'

/** @param channels names of the channels by their client ids. */
export const followLine = (url: string, channels: Readonly<Record<string, string>>): LineLog => {
  const entries = new Map<number, LogEntry>()
  const faults = new Map<number, KnownFault>()
  let last = 0
  let closed = false

  const read = async (after: number): Promise<number> => {
    for (let from = after; ; ) {
      const text = await ask(url, `log?after=${from}&limit=${PAGE}`)
      const page = text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as LogEntry]))
      for (const entry of page) if (isPost(entry)) entries.set(entry.sequence, entry)
      const end = page.at(-1)?.sequence
      if (end === undefined) return from
      from = end
    }
  }
  const look = async (): Promise<void> => {
    const told = JSON.parse(await ask(url, 'faults')) as {
      faults: readonly { readonly id: number; readonly fault: KnownFault }[]
    }
    for (const { id, fault } of told.faults) faults.set(id, fault)
    last = await read(last)
  }
  const following = (async () => {
    while (!closed) {
      await look().catch(() => {}) // the next look finds what this one missed
      await pause(LOOK_EVERY_MS)
    }
  })()

  const postOf = (entry: LogEntry, laneOf: (deliveryTag: string, endpoint: string) => string): Post => {
    const { endpoint, channel, deliveryTag, status, receivedAt } = entry
    const fault = entry.fault === null ? undefined : (faults.get(entry.fault)?.kind ?? 'unknown')
    const tag = deliveryTag ?? ''
    const name = channel === null ? undefined : channels[channel]
    return {
      ...{ at: receivedAt, deliveryTag: tag, answered: status },
      lane: name === undefined ? laneOf(tag, endpoint) : `${name}/${endpoint}`,
      certainlyRefused: typeof status === 'number' && status >= 400 && status < 500 && isLinesOwn(fault, status),
      taken: isTaken(entry, entry.fault === null ? undefined : faults.get(entry.fault)),
      faulty: fault !== undefined || typeof status !== 'number',
    }
  }

  return {
    seen: () => entries.size,
    posts: async (laneOf) => {
      await look()
      await read(0)
      return [...entries.values()].sort((a, b) => a.sequence - b.sequence).map((entry) => postOf(entry, laneOf))
    },
    close: async () => {
      closed = true
      await following
    },
  }
}

/** Not what a proxy says, and no answer that was cut. */
const isLinesOwn = (fault: string | undefined, status: number): boolean => {
  if (fault === undefined || fault === 'slow') return true
  if (fault === 'rate-limited' || fault === 'monthly-limit' || fault === 'forbidden' || fault === 'unauthorized') return true
  // A fault that was over before anybody asked what it was: of those, only these never stand for something else.
  return fault === 'unknown' && (status === 401 || status === 403 || status === 429)
}

/** What came to the person tells; but to whom nothing ever comes, a message is taken all the same. */
const isTaken = ({ came, status, to }: LogEntry, fault: KnownFault | undefined): boolean => {
  if (came !== 'nothing') return true
  const left = status === 'abandoned' || status === 200 || status === 202
  if (fault === undefined || fault.kind === 'slow') return left && (typeof status === 'number' || isSilent(to))
  return fault.recorded === true && isSilent(to)
}

const isSilent = (to: string | null): boolean => {
  if (to === null) return false
  const { accepted, came } = PEOPLE[kindOf(to)]
  return accepted && came === 'nothing'
}

const ask = async (url: string, path: string): Promise<string> => {
  const answer = await fetch(`${url}/_simulator/${path}`)
  if (!answer.ok) throw new Error(`the simulator answers ${answer.status} to ${path}`)
  return answer.text()
}
