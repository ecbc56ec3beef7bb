import { describe, expect, test } from 'vitest'
import { isStillWanted } from '../../src/domain/release.ts'
import type { Notification } from '../../src/domain/request.ts'
import {
  accepted,
  HOUR,
  MAIN,
  MINUTE,
  NIGHT,
  NOON,
  notSent,
  only,
  POLICY,
  ready,
  rejected,
  SECOND,
  said,
  sentBy,
  statusesOf,
  timedOut,
  unreachable,
} from './notification-builder.ts'
import { cancellation, hold, revision, sendOne, settled, silentlyUnknown, startRun } from './step-run.ts'

const R1 = { subject: 'reservation/R-1' } as const
const RESEND = { unknownPolicy: 'resend' } as const
const eventAt = (time: number) => ({ event: { source: 'jp.example', id: 'e', type: null, time } })
const many = (count: number, changes: Partial<Notification>) => Array.from({ length: count }, (_, n) => ready(n, changes))

describe('a cancellation', () => {
  test('ends what waits about its subject, and leaves the others alone', () => {
    const run = startRun()
    hold(run, ready(1, R1), ready(2, { subject: 'reservation/R-2' }), ready(3))
    const changes = hold(run, cancellation(R1.subject))
    expect(only(changes.results)).toMatchObject({
      notificationId: 'n1',
      status: 'cancelled',
      reason: 'cancellation',
      terminal: true,
      subject: R1.subject,
      fallback: null,
    })
    expect(run.entry('n1')).toMatchObject({ state: 'done', sealed: null, reachedAt: null })
    expect(sentBy(run.step())).toEqual(['n2', 'n3'])
  })

  test('that comes first ends what arrives after it', () => {
    const run = startRun()
    expect(run.receive(cancellation(R1.subject)).results).toEqual([])
    const changes = run.receive(ready(1, R1))
    expect(said(changes)).toEqual(['n1 cancelled'])
    expect(changes.intentions).toEqual([])
  })

  test.each([
    ['before it', [cancellation(R1.subject), ready(1, R1)]],
    ['after it', [ready(1, R1), cancellation(R1.subject)]],
  ])('ends what comes in the same step, %s', (_, requests) => {
    const changes = startRun().receive(...requests)
    expect(said(changes)).toEqual(['n1 cancelled'])
    expect(changes.intentions).toEqual([])
  })

  test.each([
    ['older', -1, ['n1 cancelled']],
    ['of the same time', 0, ['n1 cancelled']],
    ['newer', 1, ['n1 sending']],
  ])('meets what is not newer than itself (%s)', (_, ms, words) => {
    const run = startRun()
    run.now = NOON + HOUR
    run.receive(cancellation(R1.subject, NOON + MINUTE))
    expect(said(run.receive(ready(1, { ...R1, ...eventAt(NOON + MINUTE + ms) })))).toEqual(words)
  })

  test('meets an event without a time by when it was received', () => {
    const run = startRun()
    run.receive(cancellation(R1.subject, NOON))
    const without = { event: { source: null, id: null, type: null, time: null } }
    expect(said(run.receive(ready(1, { ...R1, ...without, receivedAt: NOON })))).toEqual(['n1 cancelled'])
    expect(said(run.receive(ready(2, { ...R1, ...without, receivedAt: NOON + 1 })))).toEqual(['n2 sending'])
  })

  test('of long ago, read late, does not take back what a later one called off', () => {
    const run = startRun()
    run.receive(cancellation(R1.subject, NOON), cancellation(R1.subject, NOON - HOUR))
    expect(said(run.receive(ready(1, R1)))).toEqual(['n1 cancelled'])
  })

  test('said twice, or read again, comes to the same', () => {
    const run = startRun()
    hold(run, ready(1, R1))
    run.receive(cancellation(R1.subject))
    const again = run.receive(cancellation(R1.subject))
    expect(again).toMatchObject({ results: [], marks: [], entries: [], position: { requests: 3 } })
  })

  test('concerns whoever is told about the subject, whatever their number is now', () => {
    const run = startRun()
    hold(run, ready(1, { ...R1, recipientRef: 'old' }), ready(2, { ...R1, recipientRef: 'new' }))
    expect(said(run.receive(cancellation(R1.subject)))).toEqual(['n1 cancelled', 'n2 cancelled'])
  })

  test('ends what is held until the morning at once', () => {
    const run = startRun()
    run.now = NOON + 10 * HOUR
    run.receive(ready(1, { ...R1, quietHours: NIGHT }))
    expect(statusesOf(run.receive(cancellation(R1.subject)))).toEqual(['cancelled'])
  })

  test('is not a refusal: what it ended keeps its identity', () => {
    const run = startRun()
    hold(run, ready(1, R1))
    run.receive(cancellation(R1.subject))
    expect(only(run.receive(ready(2, { ...R1, identityKey: 'k1' })).results)).toMatchObject({
      status: 'duplicate',
      duplicateOf: 'n1',
    })
  })
})

describe('a cancellation while it is being sent', () => {
  const duringSending = (changes: Partial<Notification> = {}) => {
    const run = startRun()
    const { intentions } = run.receive(ready(1, { ...R1, ...changes }))
    const intention = only(intentions)
    expect(isStillWanted(run.store, intention, POLICY)).toBe(true)
    expect(run.receive(cancellation(R1.subject)).results).toEqual([])
    expect(isStillWanted(run.store, intention, POLICY)).toBe(false)
    return { run, tag: intention.deliveryTag }
  }

  test.each([
    ['accepted', accepted],
    ['unreachable', unreachable],
    ['rejected', rejected],
  ])('leaves the end to what LINE said (%s)', (status, outcome) => {
    const { run, tag } = duringSending()
    expect(statusesOf(run.report(tag, outcome))).toEqual([status])
  })

  test.each([notSent('send-by'), notSent('rate-limited'), notSent('connect')])(
    'is the end if it was not sent ($cause)',
    (outcome) => {
      const { run, tag } = duringSending()
      const changes = run.report(tag, outcome)
      expect(statusesOf(changes)).toEqual(['cancelled'])
      run.now += HOUR
      expect(run.step().intentions).toEqual([])
    },
  )

  test('bars a resend: what nobody can say ends unconfirmed', () => {
    const { run, tag } = duringSending(RESEND)
    expect(statusesOf(run.report(tag, timedOut))).toEqual(['unknown'])
    run.now += HOUR
    const changes = run.readBarrier(run.now)
    expect(statusesOf(changes)).toEqual(['unconfirmed'])
    expect(changes.intentions).toEqual([])
  })

  test('bars a resend that waits: that ends unconfirmed, not cancelled, as the first attempt may have been delivered', () => {
    const run = startRun()
    silentlyUnknown(run, { ...R1, ...RESEND })
    run.permits = new Map()
    run.readBarrier(run.now)
    expect(run.entry('n1')).toMatchObject({ state: 'queued', resend: true })
    expect(statusesOf(run.receive(cancellation(R1.subject)))).toEqual(['unconfirmed'])
    run.permits = new Map([[MAIN, 9]])
    expect(run.step().intentions).toEqual([])
  })

  test('ends what an earlier owner was sending, as its answer says', () => {
    const { run, tag } = duringSending()
    run.reopen({ epoch: 20, orphansFrom: NOON + 13 * SECOND })
    expect(statusesOf(run.handOver(tag, notSent('send-by')))).toEqual(['cancelled'])
  })

  test('names no other channel to go by', () => {
    const { run, tag } = duringSending(RESEND)
    run.report(tag, timedOut)
    run.now += HOUR
    expect(only(run.readBarrier(run.now).results)).toMatchObject({ status: 'unconfirmed', fallback: null })
  })
})

describe('a cancellation of thousands', () => {
  const cancelled = () => {
    const run = startRun()
    hold(run, ...many(2_000, R1))
    return { run, portions: settled(run, run.receive(cancellation(R1.subject))) }
  }

  test('ends them in portions, and none of them leaves meanwhile', () => {
    const { run, portions } = cancelled()
    expect(portions.length).toBeGreaterThan(2)
    for (const { entries, intentions } of portions) {
      expect(entries.length).toBeLessThanOrEqual(1_200)
      expect(intentions).toEqual([])
    }
    expect(portions.flatMap(statusesOf)).toEqual(Array(2_000).fill('cancelled'))
    expect([...run.store.pendingMarks()]).toEqual([])
  })

  test('lets what is newer, and what is about something else, leave meanwhile', () => {
    const run = startRun()
    hold(run, ...many(2_000, R1), ready(2_000, { ...R1, ...eventAt(NOON + 1) }), ready(2_001))
    const portions = settled(run, run.receive(cancellation(R1.subject)))
    expect(portions.flatMap(sentBy).sort()).toEqual(['n2000', 'n2001'])
  })

  test('goes on with the next owner', () => {
    const run = startRun()
    hold(run, ...many(2_000, R1))
    const first = run.receive(cancellation(R1.subject))
    run.reopen({ epoch: 20 })
    const rest = settled(run, run.step())
    expect([first, ...rest].flatMap(statusesOf)).toEqual(Array(2_000).fill('cancelled'))
  })

  test('says of none of them that another channel is due', () => {
    const run = startRun()
    hold(run, ...many(2_000, { ...R1, fallbackAfterMs: MINUTE }))
    run.now += MINUTE
    const portions = settled(run, run.receive(cancellation(R1.subject)))
    expect(portions.flatMap(statusesOf)).toEqual(Array(2_000).fill('cancelled'))
  })
})

describe('a higher revision', () => {
  test.each([
    ['before', ['superseded', 'first']],
    ['after', ['first', 'superseded']],
  ])('supersedes a lower one that comes %s it', (_, sequence) => {
    const run = startRun()
    const lower = ready(1, { ...R1, revision: 1 })
    const higher = [revision(R1.subject, 2), ready(2, { ...R1, revision: 2, recipientRef: 'r1' })]
    const changes =
      sequence[0] === 'first' ? [hold(run, lower), run.receive(...higher)] : [run.receive(...higher), run.receive(lower)]
    const results = changes.flatMap(said)
    expect(results.sort()).toEqual(['n1 superseded', 'n2 sending'])
    expect(changes.flatMap(sentBy)).toEqual(['n2'])
    expect(run.entry('n1')).toMatchObject({ state: 'done', sealed: null })
  })

  test('says why', () => {
    const run = startRun()
    hold(run, ready(1, { ...R1, revision: 1 }))
    expect(only(run.receive(revision(R1.subject, 2)).results)).toMatchObject({ status: 'superseded', reason: 'newer-revision' })
  })

  test('leaves equal ones alone: they are chunks of one report', () => {
    const run = startRun()
    run.receive(revision(R1.subject, 2))
    hold(run, ready(1, { ...R1, revision: 2 }))
    run.receive(revision(R1.subject, 2), ready(2, { ...R1, revision: 2 }))
    expect(run.entry('n1').state).toBe('sending')
    expect(run.entry('n2').state).toBe('sending')
  })

  test('leaves those without a revision alone', () => {
    const run = startRun()
    run.receive(revision(R1.subject, 7))
    expect(said(run.receive(ready(1, R1)))).toEqual(['n1 sending'])
  })

  test('during sending leaves the end to what LINE said, and bars another attempt', () => {
    const run = startRun()
    const first = sendOne(run, ready(1, { ...R1, revision: 1 }))
    const second = sendOne(run, ready(2, { ...R1, revision: 1 }))
    run.receive(revision(R1.subject, 2))
    expect(said(run.report(first, accepted))).toEqual(['n1 accepted'])
    expect(said(run.report(second, notSent('rate-limited')))).toEqual(['n2 superseded'])
  })

  test('and a cancellation together cancel what is older than it, and supersede what is newer and lower', () => {
    const run = startRun()
    run.receive(revision(R1.subject, 5), cancellation(R1.subject, NOON))
    run.now += MINUTE
    const changes = run.receive(
      ready(1, { ...R1, revision: 9 }),
      ready(2, { ...R1, revision: 4, ...eventAt(NOON + 1) }),
      ready(3, { ...R1, revision: 5, ...eventAt(NOON + 1) }),
    )
    expect(said(changes)).toEqual(['n1 cancelled', 'n2 superseded', 'n3 sending'])
  })
})

describe('what only those get who were told before', () => {
  const RESTORED = { ...R1, revision: 2, onlyIfNotified: true, recipientRef: 'r1' } as const
  const OUTAGE = { ...R1, revision: 1, recipientRef: 'r1' } as const
  const restored = (run: ReturnType<typeof startRun>) => run.receive(revision(R1.subject, 2), ready(2, RESTORED))

  test('is sent to somebody who was told', () => {
    const run = startRun()
    run.report(sendOne(run, ready(1, OUTAGE)), accepted)
    expect(said(restored(run))).toEqual(['n2 sending'])
  })

  test('is sent to somebody of whom nobody can say whether they were told', () => {
    const run = startRun()
    run.report(sendOne(run, ready(1, OUTAGE)), timedOut)
    expect(said(restored(run))).toEqual(['n2 sending'])
  })

  test('is sent to somebody of whom nobody ever learned', () => {
    const run = startRun()
    silentlyUnknown(run, OUTAGE)
    run.readBarrier(run.now)
    expect(run.entry('n1').status).toBe('unconfirmed')
    expect(said(restored(run))).toEqual(['n2 sending'])
  })

  test('waits for the answer while they are being told', () => {
    const run = startRun()
    const tag = sendOne(run, ready(1, OUTAGE))
    expect(said(restored(run))).toEqual([])
    run.report(tag, unreachable)
    run.step()
    expect(run.entry('n2')).toMatchObject({ state: 'done', status: 'cancelled' })
  })

  test.each([
    ['could not be reached', unreachable],
    ['were refused', rejected],
  ])('is not sent to somebody who %s', (_, outcome) => {
    const run = startRun()
    run.report(sendOne(run, ready(1, OUTAGE)), outcome)
    const changes = restored(run)
    expect(only(changes.results)).toMatchObject({ status: 'cancelled', reason: 'not-notified', terminal: true })
    expect(changes.intentions).toEqual([])
  })

  test('is not sent to somebody whose own was superseded before it was sent', () => {
    const run = startRun()
    hold(run, ready(1, OUTAGE))
    const results = [restored(run), run.step()].flatMap(said)
    expect(results).toEqual(['n1 superseded', 'n2 cancelled'])
  })

  test('is not sent to somebody of whom it was learned late that they could not be reached', () => {
    const run = startRun()
    run.report(sendOne(run, ready(1, OUTAGE)), notSent('rate-limited'))
    run.now += SECOND
    const tag = only(run.step().intentions).deliveryTag
    run.report(tag, timedOut)
    run.now += HOUR
    run.readBarrier(run.now)
    expect(statusesOf(run.handOver(tag, unreachable))).toEqual(['unreachable'])
    expect(said(restored(run))).toEqual(['n2 cancelled'])
  })

  test('is not sent for what the same person was told of something else, nor for what somebody else was told', () => {
    const run = startRun()
    run.report(sendOne(run, ready(1, { ...OUTAGE, subject: 'outage/other' })), accepted)
    run.report(sendOne(run, ready(3, { ...OUTAGE, recipientRef: 'r3' })), accepted)
    expect(said(restored(run))).toEqual(['n2 cancelled'])
  })
})
