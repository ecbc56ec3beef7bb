import { formatOrigin, type Letter } from './letter.ts'
import { byOrigin } from './letter-index.ts'
import { knownProspect, type Prospect, worthOf } from './prospect.ts'
import type { WholeRecord } from './sealed-record.ts'

/** A letter with what would become of its record, and whether it is to be produced. */
export interface Weighed {
  readonly letter: Letter
  readonly prospect: Prospect
  /** Null: it is not to be. */
  readonly record: WholeRecord | null
}

export interface WeighOptions {
  readonly letters: readonly Letter[]
  /** By the letters' keys. */
  readonly recordsOf: (letters: readonly Letter[]) => Promise<ReadonlyMap<string, WholeRecord>>
  readonly prospectOf: (record: WholeRecord, letter: Letter) => Promise<Prospect>
  /** How many partitions a topic has; `undefined` if there is no such topic. */
  readonly partitionsOf: (topic: string) => number | undefined
  readonly again: boolean
  readonly force: boolean
}

/** Sealed bytes held at a time: what a million letters keep does not fit into memory. */
const PORTION_BYTES = 32 << 20

/** In the order in which the records lay in their partitions: what came first is to come first again. */
export async function* weigh(options: WeighOptions): AsyncGenerator<Weighed> {
  const { recordsOf, prospectOf, force } = options
  for (const portion of portionsOf(options.letters.toSorted(byOrigin))) {
    const known = new Map(portion.map((letter) => [letter.key, knownProspect(letter, options) ?? lostPlace(letter, options)]))
    const records = await recordsOf(portion.filter(({ key }) => !known.get(key)))
    for (const letter of portion) {
      const record = records.get(letter.key) ?? null
      const prospect = known.get(letter.key) ?? (record ? await prospectOf(record, letter) : DELETED)
      const worth = worthOf(prospect)
      yield { letter, prospect, record: worth === 'replay' || (worth === 'futile' && force) ? record : null }
    }
  }
}

const DELETED: Prospect = { kind: 'no-value', detail: 'the letter was deleted by age a moment ago' }

const lostPlace = ({ origin }: Letter, { partitionsOf }: WeighOptions): Prospect | undefined => {
  const partitions = partitionsOf(origin.topic)
  if (partitions === undefined)
    return { kind: 'gone', detail: `${origin.topic} does not exist (or has no leader, or may not be described)` }
  if (origin.partition < partitions) return undefined
  const has = `${origin.topic} has ${partitions} partition${partitions === 1 ? '' : 's'}`
  return {
    kind: 'gone',
    detail: `${has}, and ${formatOrigin(origin)} lay in partition ${origin.partition}: produce the event anew`,
  }
}

function* portionsOf(letters: readonly Letter[]): Generator<Letter[]> {
  let portion: Letter[] = []
  let bytes = 0
  for (const letter of letters) {
    if (portion.length > 0 && bytes + letter.bytes > PORTION_BYTES) {
      yield portion
      portion = []
      bytes = 0
    }
    portion.push(letter)
    bytes += letter.bytes
  }
  if (portion.length > 0) yield portion
}
