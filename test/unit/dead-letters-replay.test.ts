import { describe, expect, test } from 'vitest'
import { letterHeaders } from '../../src/dead-letters/headers.ts'
import type { Letter } from '../../src/dead-letters/letter.ts'
import {
  detailOf,
  outcomeOf,
  type Prospect,
  prospectOf,
  prospectOfSigned,
  sentenceOf,
  worthOf,
} from '../../src/dead-letters/prospect.ts'
import { replay } from '../../src/dead-letters/replay.ts'
import type { WholeRecord } from '../../src/dead-letters/sealed-record.ts'
import { createTally } from '../../src/dead-letters/tally.ts'
import { type Weighed, type WeighOptions, weigh } from '../../src/dead-letters/weigh.ts'
import type { EventReading } from '../../src/intake/event-reading.ts'
import type { ReplayBatch } from '../../src/kafka/replay-writer.ts'
import { NOON, ready, refused } from './notification-builder.ts'
import { OTHER_SECRET, SECRET, signatureOf, takeLine, webhookBody } from './webhook-bodies.ts'

const READ: Prospect = { kind: 'read', requests: [ready(1)] }
const POISON: Prospect = { kind: 'poison', reason: 'undecodable', detail: 'its bytes do not fit' }

const letter = (offset: number, changes: Partial<Letter> & { partition?: number } = {}): Letter => ({
  key: `bills/${changes.partition ?? 0}/${offset}/0`,
  origin: { topic: 'bills', partition: changes.partition ?? 0, offset },
  place: { partition: 0, offset },
  diedAt: NOON,
  reason: 'undecodable',
  detail: '',
  bytes: 1_000,
  hindrance: null,
  replayed: null,
  ...changes,
})
const record = (bytes = 10): WholeRecord => ({ key: null, value: Buffer.alloc(bytes), headers: {}, timestamp: NOON })

const gathered = async <T>(each: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = []
  for await (const one of each) all.push(one)
  return all
}

test.each([
  [SECRET, { kind: 'heard', detail: 'events of channel main' }, 'taken by the webhook', 'replay'],
  [OTHER_SECRET, { kind: 'poison', reason: 'webhook-unknown-account' }, 'still poison: webhook-unknown-account', 'futile'],
  [
    'that of a stranger',
    { kind: 'poison', reason: 'webhook-wrong-signature' },
    'still poison: webhook-wrong-signature',
    'futile',
  ],
])('a signed body is looked at as the webhook would (%#)', (secret, prospect, outcome, worth) => {
  const body = Buffer.from(webhookBody())
  const headers = { 'X-Line-Signature': [Buffer.from(signatureOf(body, secret))] }
  const found = prospectOfSigned({ ...record(), value: body, headers }, takeLine(), 'x-line-signature', NOON)
  expect(found).toMatchObject(prospect)
  expect(outcomeOf(found)).toBe(outcome)
  expect(worthOf(found)).toBe(worth)
})

describe('letters are weighed', () => {
  const weighed = async (letters: readonly Letter[], changes: Partial<WeighOptions> = {}) => {
    const asked: number[] = []
    const all = await gathered(
      weigh({
        letters,
        recordsOf: async (portion) => {
          asked.push(portion.length)
          return new Map(portion.map(({ key }) => [key, record()]))
        },
        prospectOf: async () => READ,
        partitionsOf: () => 3,
        again: false,
        force: false,
        ...changes,
      }),
    )
    const told = all.map((each) => `${each.letter.origin.partition}/${each.letter.origin.offset} ${each.prospect.kind}`)
    return { told, produced: all.filter((each) => each.record !== null).length, asked }
  }
  const replayed = { to: 'bills/0/9', at: NOON, by: 'x' }

  test('in the order in which their records lay, partition by partition', async () => {
    const { told } = await weighed([letter(10), letter(9, { partition: 1 }), letter(2), letter(1, { partition: 1 })])
    expect(told).toEqual(['0/2 read', '0/10 read', '1/1 read', '1/9 read'])
  })

  test.each([
    ['was replayed: only again', letter(1, { replayed }), {}, 'replayed', 0],
    ['was replayed, and is to be again', letter(1, { replayed }), { again: true }, 'read', 1],
    ['would only die again: not', letter(1), { prospectOf: async () => POISON }, 'poison', 0],
    ['would only die again, but somebody insists', letter(1), { prospectOf: async () => POISON, force: true }, 'poison', 1],
    [
      'has no value: never',
      letter(1, { hindrance: { kind: 'no-value', detail: '' } }),
      { force: true, again: true },
      'no-value',
      0,
    ],
    ['has no partition to go to: never', letter(1, { partition: 3 }), { force: true }, 'gone', 0],
    ['has no topic to go to: never', letter(1), { force: true, partitionsOf: () => undefined }, 'gone', 0],
    ['was deleted in between', letter(1), { recordsOf: async () => new Map() }, 'no-value', 0],
  ] as const)('one that %s', async (_, given, changes, kind, count) => {
    const { told, produced } = await weighed([given], changes)
    expect([told[0]?.split(' ')[1], produced]).toEqual([kind, count])
  })

  test('so many at a time that their bytes fit into memory, and none is asked for in vain', async () => {
    const large = (offset: number) => letter(offset, { bytes: 20 << 20 })
    const { asked } = await weighed([large(1), large(2), large(3), letter(4), letter(5, { replayed })])
    expect(asked).toEqual([1, 1, 2])
  })
})

describe('a replay', () => {
  const replaying = async (
    letters: readonly (readonly [Letter, WholeRecord | null])[],
    rate: number,
    interruptAfter?: number,
  ) => {
    const interrupted = new AbortController()
    let now = 0
    const batches: { readonly at: number; readonly batch: ReplayBatch }[] = []
    const skipped: Weighed[] = []
    const all = async function* () {
      for (const [each, whole] of letters) yield { letter: each, prospect: READ, record: whole }
    }
    const end = await replay({
      weighed: all(),
      writer: {
        replay: async (batch) => {
          batches.push({ at: now, batch })
          if (batches.length === interruptAfter) interrupted.abort()
          return batch.records.map((each) => ({ letter: each.letter, to: 'x', at: batch.at, by: 'x' }))
        },
      },
      rate,
      clock: { now: () => NOON, monotonic: () => now },
      sleep: async (ms) => {
        now += ms
      },
      signal: interrupted.signal,
      onSkipped: (weighed) => skipped.push(weighed),
      onReplayed: () => {},
    })
    return { end, sizes: batches.map(({ batch }) => batch.records.length), times: batches.map(({ at }) => at), skipped }
  }
  const many = (count: number, bytes = 10) => Array.from({ length: count }, (_, n) => [letter(n), record(bytes)] as const)

  test('keeps to its rate, in short transactions', async () => {
    expect(await replaying(many(5), 4)).toMatchObject({ end: 'done', sizes: [1, 1, 1, 1, 1], times: [0, 250, 500, 750, 1_000] })
    expect(await replaying(many(60), 100)).toMatchObject({ sizes: [25, 25, 10], times: [0, 250, 500] })
  })

  test('writes to one partition at a time, and no more than fits into one request', async () => {
    const others = many(2).map(([, whole], n) => [letter(n, { partition: 1 }), whole] as const)
    expect((await replaying([...many(3), ...others], 10_000)).sizes).toEqual([3, 2])
    expect((await replaying(many(5, 250_000), 10_000)).sizes).toEqual([2, 2, 1])
    expect((await replaying(many(2, 710_000), 10_000)).sizes, 'one alone always fits').toEqual([1, 1])
  })

  test('counts headers, too: they are the larger part of some records', async () => {
    const whole = { ...record(), headers: { 'x-large': [Buffer.alloc(250_000)] } }
    expect(
      (
        await replaying(
          [1, 2, 3].map((n) => [letter(n), whole] as const),
          10_000,
        )
      ).sizes,
    ).toEqual([2, 1])
  })

  test('passes over what is not worth it', async () => {
    const { sizes, skipped } = await replaying([[letter(1), null], ...many(1), [letter(2), null]], 10)
    expect([sizes, skipped.length]).toEqual([[1], 2])
  })

  test('ends after the transaction in which it was interrupted', async () => {
    expect(await replaying(many(5), 4, 2)).toMatchObject({ end: 'interrupted', sizes: [1, 1] })
  })

  test('is done, if the interruption comes after the last', async () => {
    expect(await replaying(many(2), 4, 2)).toMatchObject({ end: 'done', sizes: [1, 1] })
  })
})

describe('what would become of a record', () => {
  const context = { routes: [], pepper: Buffer.alloc(32), seal: (plain: Uint8Array) => plain, now: NOON }
  const event: EventReading = { kind: 'event', recordName: 'jp.example.Bill', as: () => ({ kind: 'value', value: {} }) }
  const origin = { topic: 'bills', partition: 0, offset: 1 }

  test('no route wants it', async () => {
    const prospect = await prospectOf(record(), origin, { ...context, read: async () => event })
    expect(prospect).toEqual({ kind: 'no-route', detail: 'record jp.example.Bill: no route has this topic' })
  })

  test('it is poison still', async () => {
    const read = async () => ({ kind: 'poison', reason: 'unknown-schema', detail: 'schema id 7' }) as const
    expect(await prospectOf(record(), origin, { ...context, read })).toEqual({
      kind: 'poison',
      reason: 'unknown-schema',
      detail: 'schema id 7',
    })
  })

  test('it is older than the window', async () => {
    const old = { ...record(), timestamp: NOON - 30 * 86_400_000 }
    expect(await prospectOf(old, origin, { ...context, read: async () => event })).toMatchObject({ kind: 'too-old' })
  })

  test.each<[string, Prospect, string, string]>([
    ['notifications', { kind: 'read', requests: [ready(1), ready(2), refused(3)] }, 'replay', 'notifications by route bill'],
    ['a refusal', { kind: 'read', requests: [refused(1)] }, 'replay', 'would be refused: unusable-phone'],
    ['poison', POISON, 'futile', 'still poison: undecodable'],
    ['too old', { kind: 'too-old', detail: '' }, 'futile', 'older than the window'],
    ['no route', { kind: 'no-route', detail: '' }, 'futile', 'no route wants it'],
    ['no value', { kind: 'no-value', detail: '' }, 'never', 'no value was kept'],
    ['no key', { kind: 'sealed', detail: '' }, 'never', 'cannot be opened'],
  ])('%s: worth it or not, and in few words', (_, prospect, worth, outcome) => {
    expect([worthOf(prospect), outcomeOf(prospect)]).toEqual([worth, outcome])
  })

  test('of several recipients each counts', () => {
    const prospect: Prospect = { kind: 'read', requests: [ready(1), ready(2), refused(3), refused(4)] }
    expect(detailOf(prospect)).toMatch(/^2 notifications; 2 refused, unusable-phone: /)
    expect(sentenceOf(prospect)).toMatch(/^would become 2 notifications by route bill; 2 refused, unusable-phone: /)
    expect(sentenceOf(POISON)).toBe('still poison: undecodable, its bytes do not fit')
  })
})

test('a tally counts each kind, shows a few, and knows what somebody must mend', () => {
  const tally = createTally()
  for (const n of [1, 2, 3, 4]) tally.add({ letter: letter(n), prospect: READ, record: record() })
  tally.add({ letter: letter(5), prospect: POISON, record: null })
  tally.add({ letter: letter(6), prospect: { kind: 'gone', detail: 'no such topic' }, record: null })
  expect(tally.lines('produced')).toEqual([
    '  4  notifications by route bill',
    '       bills/0/1: 1 notification',
    '       bills/0/2: 1 notification',
    '       bills/0/3: 1 notification',
    '       and 1 more',
  ])
  expect(tally.lines('skipped')).toContain('       bills/0/6: no such topic')
  expect([tally.count('produced'), tally.count('skipped'), tally.faults()]).toEqual([4, 2, 1])
})

test('every reason of a letter has a stage', () => {
  for (const reason of [
    'no-value',
    'not-confluent',
    'unknown-schema',
    'undecodable',
    'internal-fault',
    'older-than-window',
  ] as const)
    expect(letterHeaders({ position: { ...letter(1).origin, index: 0 }, reason, detail: '' }, 'sealed')).toMatchObject({
      '__connect.errors.stage': expect.stringMatching(/^(VALUE_CONVERTER|TRANSFORMATION|TASK_PUT)$/),
    })
})
