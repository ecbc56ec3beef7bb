import { readFileSync } from 'node:fs'
import avro from 'avsc'
import { PARTITIONS } from './deployment.ts'
import type { Installation } from './installation.ts'
import { firstValueOf, readTopic } from './read-topic.ts'
import type { Spoken } from './webhook-load.ts'

/** What tsuchi's own records begin with: their version, and which of its schemas they are of. */
const HEADER = {
  immutables: Buffer.from([1, 10]),
  receipt: Buffer.from([1, 17]),
  heartbeat: Buffer.from([1, 18]),
  hole: Buffer.from([1, 21]),
}

/** By this the tags of one installation are told from those of all others. */
export const incarnationOf = async ({ kafka }: Installation, name: string): Promise<string> => {
  const value = await firstValueOf(kafka, `${name}.journal`)
  if (!isOf('immutables', value)) throw new Error(`${name}.journal does not begin with what never changes`)
  return (typeOf('immutables').fromBuffer(value.subarray(2)) as { incarnation: string }).incarnation
}

/** What lies in feedback, compared with what was said. */
export interface Stored {
  /** How often, by the number of the event. */
  readonly times: Uint8Array
  /** Receipts of what nobody said: another tag, time or partition; and records that neither are receipts nor say when somebody listened. */
  readonly strangers: number
}

export const readReceipts = async (
  { kafka }: Installation,
  { name, spoken, events }: { readonly name: string; readonly spoken: (n: number) => Spoken; readonly events: number },
): Promise<Stored> => {
  const type = typeOf('receipt')
  const times = new Uint8Array(events)
  let strangers = 0
  await readTopic({ kafka, partitions: PARTITIONS }, `${name}.feedback`, ({ value, partition }) => {
    if (value && (isOf('heartbeat', value) || isOf('hole', value))) return
    const receipt = value && isOf('receipt', value) ? (type.fromBuffer(value.subarray(2)) as Receipt) : undefined
    const n = receipt ? numberIn(receipt.deliveryTag) : undefined
    const known = n !== undefined && n < events ? spoken(n) : undefined
    const isAsSaid = known?.tag === receipt?.deliveryTag && known?.at === receipt?.deliveredAt && known?.partition === partition
    if (n === undefined || !known || !isAsSaid) strangers++
    else times[n] = Math.min(255, (times[n] ?? 0) + 1)
  })
  return { times, strangers }
}

interface Receipt {
  readonly deliveryTag: string
  readonly deliveredAt: number
}

const numberIn = (tag: string): number | undefined => {
  const [, n] = /_([0-9a-z]+)$/.exec(tag) ?? []
  return n === undefined ? undefined : Number.parseInt(n, 36)
}

const isOf = (kind: keyof typeof HEADER, value: Buffer): boolean => value.subarray(0, 2).equals(HEADER[kind])

const typeOf = (kind: 'immutables' | 'receipt'): avro.Type =>
  avro.Type.forSchema(JSON.parse(readFileSync(new URL(`../schemas/internal/v1/${kind}.avsc`, import.meta.url), 'utf8')))
