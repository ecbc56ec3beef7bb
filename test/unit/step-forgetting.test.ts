import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Notification, Request } from '../../src/domain/request.ts'
import { nextStepAt } from '../../src/domain/step.ts'
import {
  accepted,
  HOUR,
  MAIN,
  MINUTE,
  NOON,
  OWNER,
  poison,
  ready,
  refused,
  rejected,
  SECOND,
  said,
  statusesOf,
  timedOut,
  unreachable,
} from './notification-builder.ts'
import { cancellation, hold, keysOf, type StepRun, sendOne, settled, silentlyUnknown, startRun } from './step-run.ts'

const DAY = 24 * HOUR
const WEEK = { dedupeWindowMs: 7 * DAY } as const
/** What is remembered is kept an hour longer than its window. */
const KEPT = HOUR
const isKnown = (run: StepRun, id: string) => run.store.get(id) !== undefined
const at = (run: StepRun, now: number) => {
  run.now = now
  return run.step()
}

describe('what has ended is forgotten', () => {
  test.each([
    ['accepted', (run: StepRun) => run.report(sendOne(run, ready(1, WEEK)), accepted)],
    ['rejected', (run: StepRun) => run.report(sendOne(run, ready(1, WEEK)), rejected)],
    ['expired', (run: StepRun) => run.receive(ready(1, { ...WEEK, expiresAt: NOON }))],
    ['refused', (run: StepRun) => run.receive(refused(1, WEEK))],
  ])('when its window is over, and not a moment before (%s)', (status, end) => {
    const run = startRun()
    end(run)
    expect(run.entry('n1').status).toBe(status)
    expect(at(run, NOON + 7 * DAY + KEPT - 1).forgotten).toEqual([])
    expect(at(run, NOON + 7 * DAY + KEPT).forgotten).toEqual(['entry/n1'])
    expect(isKnown(run, 'n1')).toBe(false)
  })

  test('when the window is over, counted from its arrival if that was later than the event', () => {
    const run = startRun()
    run.now = NOON + DAY
    run.report(sendOne(run, ready(1, WEEK)), accepted)
    expect(at(run, NOON + 8 * DAY + KEPT - 1).forgotten).toEqual([])
    expect(at(run, NOON + 8 * DAY + KEPT).forgotten).toEqual(['entry/n1'])
  })

  test('when the window is over, counted from the event if that is still to come', () => {
    const run = startRun()
    const event = { source: 's', id: 'e', type: null, time: NOON + 2 * DAY }
    run.report(sendOne(run, ready(1, { ...WEEK, event })), accepted)
    expect(at(run, NOON + 9 * DAY + KEPT - 1).forgotten).toEqual([])
    expect(at(run, NOON + 9 * DAY + KEPT).forgotten).toEqual(['entry/n1'])
  })

  test.each([
    ['accepted', accepted],
    ['unreachable', unreachable],
  ])('not before its receipt may have come, twice a day late (%s)', (_, outcome) => {
    const run = startRun()
    hold(run, ready(1, { dedupeWindowMs: HOUR }))
    run.now += 5 * HOUR
    run.report(run.step().intentions[0]?.deliveryTag ?? '', outcome)
    expect(at(run, NOON + 5 * HOUR + 2 * DAY - 1).forgotten).toEqual([])
    at(run, NOON + 5 * HOUR + 2 * DAY)
    expect(isKnown(run, 'n1')).toBe(false)
  })

  test('not before its receipt may have come, though nobody knows whether it was sent', () => {
    const run = startRun()
    silentlyUnknown(run, { dedupeWindowMs: HOUR, unknownWaitMs: HOUR })
    run.readBarrier(run.now)
    expect(run.entry('n1').status).toBe('unconfirmed')
    expect(at(run, NOON + HOUR + 2 * DAY - 1).forgotten).toEqual([])
    expect(at(run, NOON + HOUR + 2 * DAY).forgotten).toEqual(['entry/n1'])
  })

  test('in portions, however many there are', () => {
    const run = startRun()
    run.receive(...Array.from({ length: 1_200 }, (_, n) => refused(n, WEEK)))
    const portions = settled(run, at(run, NOON + 8 * DAY))
    expect(portions.map(({ forgotten }) => forgotten.length)).toEqual([500, 500, 200])
    expect(run.store.count()).toEqual({ queued: 0, sending: 0, unknown: 0, accepted: 0, done: 0 })
  })

  test('for its own sake a little later, many at once', () => {
    const run = startRun()
    run.receive(refused(1, WEEK))
    const owner = { ...OWNER, orphansFrom: Number.POSITIVE_INFINITY }
    const next = nextStepAt(run.store, { now: run.now, owner }) ?? 0
    expect(next).toBeGreaterThan(NOON + 7 * DAY + KEPT)
    expect(next).toBeLessThan(NOON + 7 * DAY + KEPT + HOUR)
    expect(at(run, next).forgotten).toEqual(['entry/n1'])
    expect(nextStepAt(run.store, { now: run.now, owner })).toBeUndefined()
  })

  test('and a report that comes later belongs to nobody', () => {
    const run = startRun()
    const tag = sendOne(run, ready(1, WEEK))
    run.report(tag, accepted)
    at(run, NOON + 8 * DAY)
    expect(run.handOver(tag, accepted)).toMatchObject({ strays: 1, results: [], entries: [] })
  })
})

describe('what has not ended is not forgotten', () => {
  test.each([
    ['queued', (run: StepRun) => hold(run, ready(1))],
    ['sending', (run: StepRun) => run.receive(ready(1))],
    ['unknown', (run: StepRun) => run.report(sendOne(run, ready(1)), timedOut)],
  ])('however long it takes (%s)', (state, begin) => {
    const run = startRun()
    begin(run)
    run.permits = new Map()
    expect(at(run, NOON + 60 * DAY).forgotten).toEqual([])
    expect(run.entry('n1').state).toBe(state)
  })

  test('and is, two days after it has, though its window was over long before', () => {
    const run = startRun()
    const tag = sendOne(run, ready(1))
    run.now = NOON + 60 * DAY
    run.report(tag, unreachable)
    expect(at(run, NOON + 62 * DAY - 1).forgotten).toEqual([])
    expect(at(run, NOON + 62 * DAY).forgotten).toEqual(['entry/n1'])
  })
})

describe('a mark is forgotten', () => {
  test('when its window is over, and not before', () => {
    const run = startRun()
    run.receive(cancellation('s', NOON, NOON + 9 * DAY))
    expect(at(run, NOON + 9 * DAY - 1).forgotten).toEqual([])
    expect(at(run, NOON + 9 * DAY).forgotten).toEqual(['mark/s'])
    expect(run.store.mark('s')).toBeUndefined()
  })

  test('not while there are some it has not met yet', () => {
    const run = startRun()
    hold(run, ...Array.from({ length: 1_200 }, (_, n) => ready(n, { subject: 's', dedupeWindowMs: 30 * DAY })))
    run.now = NOON + 10 * DAY
    const first = run.receive(cancellation('s', NOON, NOON + 7 * DAY))
    const portions = settled(run, first)
    expect(portions.flatMap(statusesOf)).toEqual(Array(1_200).fill('cancelled'))
    expect(first.forgotten).toEqual([])
  })

  test('not before what may still be sent again: a resend waits for a day, and must not outlive its cancellation', () => {
    const run = startRun()
    run.report(sendOne(run, ready(1, { subject: 's', unknownPolicy: 'resend', unknownWaitMs: DAY })), timedOut)
    run.receive(cancellation('s', NOON, NOON + HOUR))
    at(run, NOON + 2 * HOUR)
    run.now = NOON + DAY
    const changes = run.readBarrier(run.now)
    expect(statusesOf(changes)).toEqual(['unconfirmed'])
    expect(changes.intentions).toEqual([])
  })
})

describe('a record older than its window', () => {
  test.each([
    ['ready', ready(1)],
    ['refused', refused(1)],
    ['poison', poison(1)],
  ] as [string, Request][])('is set aside without a result: what it is may have been forgotten (%s)', (_, request) => {
    const run = startRun()
    run.now = NOON + DAY
    const changes = run.receive(request)
    expect(changes).toMatchObject({
      results: [],
      entries: [],
      intentions: [],
      tooOld: [{ offset: 0 }],
      position: { requests: 1 },
    })
  })

  test('that is known is silent, as ever', () => {
    const run = startRun()
    run.receive(refused(1, WEEK))
    run.now = NOON + 7 * DAY + 1
    expect(run.receive(refused(1, WEEK))).toMatchObject({ results: [], tooOld: [] })
  })

  test('is named, not the one beside it', () => {
    const run = startRun()
    run.now = NOON + DAY
    const changes = run.receive(ready(1), ready(2, WEEK), ready(3))
    expect(changes.tooOld).toEqual([{ offset: 0 }, { offset: 2 }])
    expect(said(changes)).toEqual(['n2 sending'])
  })
})

test('what was forgotten is too old when it is read again: no second message and no second result, however the clocks go', () => {
  const span = (most: number) => fc.integer({ min: -most, max: most })
  fc.assert(
    fc.property(
      fc.constantFrom('ready', 'refused', 'expired'),
      fc.constantFrom(HOUR, DAY, 7 * DAY),
      span(9 * DAY), // the event, as seen from its first arrival
      span(20 * MINUTE), // intake's clock beside dispatch's, at first
      span(20 * MINUTE), // and later
      span(20 * MINUTE), // the next owner's clock beside the first one's
      fc.array(fc.integer({ min: 0, max: 3 * DAY }), { maxLength: 12 }),
      fc.constantFrom(accepted, unreachable, timedOut),
      (kind, dedupeWindowMs, happened, intakeAhead, intakeLater, ownerAhead, waits, outcome) => {
        const run = startRun()
        const event = { source: 's', id: 'e', type: null, time: NOON + happened }
        const of: Partial<Notification> = {
          event,
          dedupeWindowMs,
          unknownWaitMs: SECOND,
          expiresAt: kind === 'expired' ? NOON : null,
        }
        const readAt = (receivedAt: number): Request =>
          kind === 'refused' ? refused(1, { event, dedupeWindowMs, receivedAt }) : ready(1, { ...of, receivedAt })
        const first = run.receive(readAt(NOON + intakeAhead))
        const results = [...first.results]
        for (const { deliveryTag } of first.intentions) results.push(...run.report(deliveryTag, outcome).results)
        let sent = first.intentions.length
        run.reopen({ epoch: 20, orphansFrom: NOON })
        run.now += Math.max(0, ownerAhead)
        for (const wait of waits) {
          run.now += wait
          const seenBy = run.now + Math.min(0, ownerAhead)
          const changes = [run.readBarrier(run.now), run.step()]
          const now = run.now
          run.now = seenBy // read again by one whose clock is behind
          changes.push(run.receive(readAt(seenBy + intakeLater)))
          run.now = now
          results.push(...changes.flatMap((each) => each.results))
          sent += changes.flatMap(({ intentions }) => intentions).length
        }
        expect(results.filter(({ terminal }) => terminal).length).toBeLessThanOrEqual(1)
        expect(new Set(results.map(({ resultId }) => resultId)).size).toBe(results.length)
        expect(sent).toBeLessThanOrEqual(1)
      },
    ),
    { numRuns: 500 },
  )
})

test('forgetting leaves alone what the same step has changed', () => {
  const run = startRun()
  const tag = silentlyUnknown(run, { dedupeWindowMs: HOUR })
  run.readBarrier(run.now)
  run.now = NOON + 30 * DAY
  run.permits = new Map([[MAIN, 1]])
  const changes = run.handOver(tag, accepted)
  expect(statusesOf(changes)).toEqual(['accepted'])
  expect(keysOf(changes)).toEqual([])
  expect(keysOf(run.step())).toEqual(['entry/n1'])
})
