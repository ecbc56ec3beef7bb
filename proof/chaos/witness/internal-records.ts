import { readFileSync } from 'node:fs'
import avro from 'avsc'

/** Reads tsuchi's internal records: version, kind, Avro. The witness's own reader, of the published schemas. */
export interface InternalRecord {
  readonly kind: Kind
  readonly body: unknown
}

/** The second byte is the place. Named types first, as later ones refer to them. */
const KINDS = [
  'position',
  'event-facts',
  'notification',
  'outcome',
  'ready-request',
  'refused-request',
  'poison-request',
  'entry',
  'task-position',
  'epoch',
  'immutables',
  'handover',
  'barrier',
  'mark-request',
  'channel-request',
  'mark',
  'pause',
  'receipt',
  'heartbeat',
  'link',
  'coverage',
  'hole',
] as const
export type Kind = (typeof KINDS)[number]

const types = new Map<number, readonly avro.Type[]>()

/** `undefined`: it cannot be read. */
export const readInternal = (value: Buffer | null): InternalRecord | undefined => {
  const [version = 0, place = -1] = value ?? []
  const kind = KINDS[place]
  if (value === null || kind === undefined) return undefined
  try {
    const body: unknown = typesOf(version)[place]?.fromBuffer(value.subarray(2))
    return body === undefined ? undefined : { kind, body }
  } catch {
    return undefined
  }
}

const typesOf = (version: number): readonly avro.Type[] => {
  const known = types.get(version)
  if (known) return known
  const registry = {}
  const read = KINDS.map((kind) =>
    avro.Type.forSchema(
      JSON.parse(readFileSync(new URL(`../../../schemas/internal/v${version}/${kind}.avsc`, import.meta.url), 'utf8')),
      { registry },
    ),
  )
  types.set(version, read)
  return read
}

export interface Position {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly index: number
}

export const formatPosition = ({ topic, partition, offset, index }: Position): string =>
  `${topic}/${partition}/${offset}/${index}`

export interface EntryBody {
  readonly notificationId: string
  readonly position: Position
  readonly arrival: number
  readonly state: string
  readonly notification: { readonly recipientRef: string; readonly channel: string; readonly urgent: boolean } | null
  readonly releaseAt: number
  readonly notBefore: number
  readonly resend: boolean
  readonly deliveryTag: string | null
  readonly pastTags: readonly string[]
}

export interface MarkBody {
  readonly subject: string
  readonly cancelledAt: number | null
  readonly revision: number | null
}

export interface RequestBody {
  readonly notification?: { readonly notificationId: string; readonly position: Position }
  readonly notificationId?: string
  readonly position?: Position
  readonly channel?: string
  readonly order?: string
}
