import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Request } from '../../src/domain/request.ts'
import { createSealer } from '../../src/domain/seal.ts'
import type { EventReading } from '../../src/intake/event-reading.ts'
import { createIntake, type DeadLetter, type IntakeEvent } from '../../src/intake/intake.ts'
import type { SourceMessage } from '../../src/intake/source-batch.ts'
import { changedBill, loadFrom, VOID_ROUTE } from './route-folder.ts'

const NOW = Date.UTC(2026, 7, 10, 3)
const WINDOW = 7 * 86_400_000
const PHONE = '+819012340199'

/** What the fake registry knows: the name of the record, and its fields; or nothing at all. */
type Told = { readonly name: string; readonly event: unknown } | 'undecodable'

const bill = (changes: object = {}) => ({
  eventId: 'e1',
  at: NOW - 1_000,
  amount: 1,
  paid: false,
  customer: { id: 'C-1', phone: PHONE },
  others: [],
  ...changes,
})
const EVENT = { name: 'jp.example.Bill', event: bill() } as const

/** Every value is the place in `told` of what it says. */
const readingOf = (told: Told | undefined): EventReading => {
  if (told === undefined || told === 'undecodable')
    return { kind: 'poison', reason: 'undecodable', detail: 'its bytes do not fit' }
  return { kind: 'event', recordName: told.name, as: () => ({ kind: 'value', value: told.event }) }
}

interface World {
  /** What was done, in order. */
  readonly steps: string[]
  readonly requests: Request[]
  readonly letters: DeadLetter[]
  readonly events: IntakeEvent[]
}

const intakeOf = async (
  told: readonly Told[],
  options: {
    readonly timestamps?: readonly number[]
    readonly failOnce?: 'write' | 'bury'
    readonly changes?: readonly (readonly [string, string])[]
    readonly heartbeat?: (steps: string[]) => Promise<void>
    readonly mine?: () => boolean
  } = {},
): Promise<World> => {
  const world: World = { steps: [], requests: [], letters: [], events: [] }
  let failing = options.failOnce
  const fail = (step: 'write' | 'bury') => {
    if (failing !== step) return
    failing = undefined
    world.steps.push(`${step} failed`)
    throw Object.assign(new Error('no broker'), { name: 'KafkaJSConnectionError' })
  }
  const take = createIntake({
    context: {
      routes: loadFrom({ 'bill.yaml': changedBill(...(options.changes ?? [])), 'void.yaml': VOID_ROUTE }),
      read: async (value) => readingOf(told[Number(value?.toString())]),
      pepper: new Uint8Array(32).fill(9),
      seal: createSealer([new Uint8Array(32).fill(7)]).seal,
    },
    writer: {
      write: async (requests) => {
        fail('write')
        world.steps.push(`write ${requests.map(({ kind }) => kind).join(' ')}`)
        world.requests.push(...requests)
      },
      bury: async (letters) => {
        fail('bury')
        world.steps.push(`bury ${letters.length}`)
        world.letters.push(...letters)
      },
    },
    clock: { now: () => NOW, monotonic: () => 0 },
    onEvent: (event) => world.events.push(event),
  })
  const records = told.map(
    (_, offset): SourceMessage => ({
      offset,
      key: null,
      value: Buffer.from(String(offset)),
      headers: undefined,
      timestamp: options.timestamps?.[offset] ?? NOW - 1_000,
    }),
  )
  await take({
    topic: 'bills',
    partition: 2,
    records,
    mine: options.mine ?? (() => true),
    heartbeat: async () => options.heartbeat?.(world.steps),
    done: async (offset) => {
      world.steps.push(`done ${offset}`)
    },
  })
  return world
}

describe('a batch', () => {
  test('is written, then buried, and only then its offset moves', async () => {
    const { steps } = await intakeOf([EVENT, 'undecodable', { name: 'jp.example.BillVoid', event: bill() }])
    expect(steps).toEqual(['write ready poison mark', 'bury 1', 'done 2'])
  })

  test('whose dead letters could not be written is written again, before its offset moves', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const running = intakeOf([EVENT, 'undecodable'], { failOnce: 'bury' })
    await vi.advanceTimersByTimeAsync(1_000)
    const { steps, events } = await running
    expect(events.map(({ kind }) => kind)).toEqual(['stalled', 'resumed', 'read'])
    expect(steps).toEqual(['write ready poison', 'bury failed', 'write ready poison', 'bury 1', 'done 1'])
  })
})

test('a partition that goes to another worker while it is waited for is waited for no more', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  let asked = 0
  const running = intakeOf([EVENT], { failOnce: 'write', mine: () => asked++ < 2 })
  await vi.advanceTimersByTimeAsync(1_000)
  const { steps, events } = await running
  expect(steps).toEqual(['write failed'])
  expect(events.map(({ kind }) => kind)).toEqual(['stalled', 'resumed'])
})

test('what reads like advertising is told of once it is written, and once', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const coupon = { ...EVENT, event: bill({ customer: { id: 'C-1', phone: PHONE, name: 'クーポン' } }) }
  const running = intakeOf([coupon, EVENT, 'undecodable'], { failOnce: 'bury' })
  await vi.advanceTimersByTimeAsync(1_000)
  const { events } = await running
  expect(events.map(({ kind }) => kind)).toEqual(['stalled', 'resumed', 'read', 'advertised'])
  expect(events.at(-1)).toMatchObject({ found: [{ route: 'bill', property: 'messages[0].text', word: { id: 'coupon' } }] })
})

test('what reads like advertising in one portion of a batch is not told of again with the next', async () => {
  const coupon = { ...EVENT, event: bill({ customer: { id: 'C-1', phone: PHONE, name: 'クーポン' } }) }
  const { events } = await intakeOf([coupon, ...Array(1_000).fill(EVENT)])
  expect(events.map(({ kind }) => kind)).toEqual(['read', 'advertised', 'read'])
})

/** Everybody in `others` gets the bill. */
const FOR_OTHERS: readonly (readonly [string, string])[] = [
  ['recipient: {', 'recipients: others\nrecipient: {'],
  ['phone: customer.phone, customer: customer.id, timeZone: customer.timeZone', 'phone: phone'],
  ['expires: due', 'expires: event.due'],
  ["{{ customer.name | default: 'お客' }}様: {{ amount | yen }}", '{{ event.amount | yen }}'],
]

test.each([
  ['many records', Array.from({ length: 200 }, () => EVENT), []],
  [
    'a record for many people',
    [{ ...EVENT, event: bill({ others: Array.from({ length: 200 }, () => ({ phone: PHONE })) }) }],
    FOR_OTHERS,
  ],
])('lets others work in between (%s)', async (_, told, changes) => {
  let turns = 0
  const count = () => {
    turns++
    counting = setImmediate(count)
  }
  let counting = setImmediate(count)
  const { requests } = await intakeOf(told, { changes })
  clearImmediate(counting)
  expect(requests).toHaveLength(200)
  expect(turns).toBeGreaterThanOrEqual(8)
})

const FOR_HUNDREDS = { ...EVENT, event: bill({ others: Array.from({ length: 200 }, () => ({ phone: PHONE })) }) }

test('an event for many is heard of in its group while it is rendered: on a busy machine that outlasts a session', async () => {
  const heartbeat = async (steps: string[]) => void steps.push('heartbeat')
  const { steps } = await intakeOf([FOR_HUNDREDS], { changes: FOR_OTHERS, heartbeat })
  expect(steps.indexOf(`write ${Array(200).fill('ready').join(' ')}`)).toBeGreaterThanOrEqual(8)
  expect(steps.slice(0, 8)).toEqual(Array(8).fill('heartbeat'))
})

test('a group that is rebalancing is no fault of the event that is being rendered', async () => {
  const rebalancing = Object.assign(new Error('rebalancing'), { name: 'KafkaJSProtocolError', type: 'REBALANCE_IN_PROGRESS' })
  const seen: string[][] = []
  const heartbeat = async (steps: string[]) => {
    seen.push(steps)
    throw rebalancing
  }
  await expect(intakeOf([FOR_HUNDREDS], { changes: FOR_OTHERS, heartbeat })).rejects.toBe(rebalancing)
  expect(seen).toEqual([[]])
})

describe('a record that cannot be read', () => {
  test('is poison and a dead letter, which say the same', async () => {
    const { requests, letters, events } = await intakeOf(['undecodable'])
    const why = { position: { topic: 'bills', partition: 2, offset: 0, index: 0 }, reason: 'undecodable' }
    expect(requests).toMatchObject([{ kind: 'poison', ...why, dedupeWindowMs: WINDOW }])
    expect(letters).toMatchObject([{ ...why, detail: 'its bytes do not fit', record: { offset: 0 } }])
    expect(events).toMatchObject([{ kind: 'read' }])
  })
})

describe('what became of it may have been forgotten:', () => {
  const old = { ...EVENT, event: bill({ at: NOW - WINDOW }) }

  test('an event older than its window is a dead letter without a request, and counted', async () => {
    const { steps, letters, events } = await intakeOf([old, EVENT, old])
    expect(steps).toEqual(['write ready', 'bury 2', 'done 2'])
    expect(letters).toMatchObject(
      [0, 2].map((offset) => ({
        position: { topic: 'bills', partition: 2, offset, index: 0 },
        reason: 'older-than-window',
        detail: 'the event is older than the dedupeWindow of route bill',
        record: { offset, value: Buffer.from(String(offset)) },
      })),
    )
    expect(events).toMatchObject([{ kind: 'read' }, { kind: 'too-old', topic: 'bills', records: 2 }])
  })

  test('a cancellation as well', async () => {
    const { requests, letters } = await intakeOf([{ ...old, name: 'jp.example.BillVoid' }])
    expect(requests).toEqual([])
    expect(letters).toMatchObject([{ reason: 'older-than-window' }])
  })

  test.each<[what: string, told: Told, detail: string]>([
    [
      'that cannot be read',
      'undecodable',
      'the record is older than 7 days; nor can it be read (undecodable): its bytes do not fit',
    ],
    [
      'that no route wants',
      { name: 'jp.example.Other', event: bill() },
      'the record is older than 7 days; nor has it a route: record jp.example.Other: routes of this topic: jp.example.Bill, jp.example.BillVoid',
    ],
  ])('a record %s goes by when it was produced, to the millisecond', async (_, told, detail) => {
    const { requests, letters } = await intakeOf([told, told], { timestamps: [NOW - WINDOW, NOW - WINDOW + 1] })
    expect(letters[0]).toMatchObject({ reason: 'older-than-window', detail, position: { offset: 0 } })
    expect(requests).toMatchObject([{ position: { offset: 1 }, dedupeWindowMs: WINDOW }])
  })

  test('but no record is, only as its producer was late: its event has a time of its own', async () => {
    const { requests } = await intakeOf([EVENT], { timestamps: [NOW - WINDOW] })
    expect(requests).toMatchObject([{ kind: 'ready' }])
  })
})

test('a fault of ours in one event sets that one aside, replayable, and the next goes on', async () => {
  const { requests, letters } = await intakeOf([{ ...EVENT, event: 'no record' }, EVENT])
  expect(requests).toMatchObject([{ kind: 'poison', reason: 'internal-fault' }, { kind: 'ready' }])
  expect(letters).toMatchObject([{ reason: 'internal-fault', record: { offset: 0 } }])
})

test('a record read again by a route that was changed meanwhile is what that route makes of it, with an end of its own', async () => {
  const { requests: before } = await intakeOf([EVENT], { changes: [['phone: customer.phone', 'phone: customer.timeZone']] })
  const { requests: after } = await intakeOf([EVENT])
  expect([...before, ...after].map(({ kind }) => kind)).toEqual(['refused', 'ready'])
  const ids = [...before, ...after].map((request) =>
    request.kind === 'ready' ? request.notification.notificationId : request.kind === 'refused' ? request.notificationId : '',
  )
  expect(ids[0]).not.toBe(ids[1])
})
