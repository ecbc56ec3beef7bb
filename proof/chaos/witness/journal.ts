import type { JournalSeen } from '../../verifier/history.ts'
import type { RawRecord } from './inner-cluster.ts'
import { type EntryBody, formatPosition, type MarkBody, readInternal } from './internal-records.ts'

type Place = Pick<JournalSeen, 'partition' | 'offset' | 'committedAt'>

/** Everything that was ever committed to the journal, in its order within each partition. */
export interface JournalWitness {
  readonly seen: readonly JournalSeen[]
  take(place: Place, record: Pick<RawRecord, 'key' | 'value'>): void
  /** Channel of the notification that has this tag. */
  channelOf(deliveryTag: string): string | undefined
}

export const openJournalWitness = (): JournalWitness => {
  const seen: JournalSeen[] = []
  const channels = new Map<string, string>()
  const same = interned()
  return {
    seen,
    channelOf: (deliveryTag) => channels.get(deliveryTag),
    take: (place, { key, value }) => {
      const record = journalSeen(place, key?.toString() ?? '', value, same)
      seen.push(record)
      if (record.kind === 'entry' && record.deliveryTag !== null && record.channel !== null)
        channels.set(record.deliveryTag, record.channel)
    },
  }
}

const journalSeen = (place: Place, key: string, value: Buffer | null, same: (text: string) => string): JournalSeen => {
  const channel = /^pause\/(.*)$/.exec(key)?.[1]
  if (value === null) {
    return channel === undefined
      ? { ...place, kind: 'other', key: same(key) }
      : { ...place, kind: 'pause', channel, paused: false, probe: null }
  }
  const record = readInternal(value)
  switch (record?.kind) {
    case 'epoch':
      return { ...place, kind: 'epoch' }
    case 'task-position': {
      const { requests, feedback } = record.body as { requests: number; feedback: number }
      return { ...place, kind: 'position', requests, feedback }
    }
    case 'entry':
      return { ...place, ...entrySeen(record.body as EntryBody, same) }
    case 'mark': {
      const { subject, cancelledAt, revision } = record.body as MarkBody
      return { ...place, kind: 'mark', subject: same(subject), cancelledAt, revision }
    }
    case 'pause': {
      const { channel: paused, probe } = record.body as { channel: string; probe: string | null }
      return { ...place, kind: 'pause', channel: paused, paused: true, probe }
    }
    default:
      return { ...place, kind: 'other', key: same(key) }
  }
}

const entrySeen = (entry: EntryBody, same: (text: string) => string) => {
  const { notification } = entry
  return {
    kind: 'entry',
    notificationId: same(entry.notificationId),
    position: same(formatPosition(entry.position)),
    arrival: entry.arrival,
    state: same(entry.state),
    recipientRef: notification && same(notification.recipientRef),
    channel: notification && same(notification.channel),
    urgent: notification?.urgent ?? false,
    releaseAt: entry.releaseAt,
    notBefore: entry.notBefore,
    resend: entry.resend,
    deliveryTag: entry.deliveryTag === null ? null : same(entry.deliveryTag),
    pastTags: entry.pastTags.length === 0 ? NONE : entry.pastTags.map(same),
  } as const
}
const NONE: readonly string[] = []

/** A run has hundreds of thousands of entries, and far fewer different texts in them. */
const interned = (): ((text: string) => string) => {
  const known = new Map<string, string>()
  return (text) => {
    const first = known.get(text)
    if (first === undefined) known.set(text, text)
    return first ?? text
  }
}
