import { describe, expect, test } from 'vitest'
import type { Feedback } from '../../src/domain/input.ts'
import { resultIdOf } from '../../src/domain/say.ts'
import {
  accepted,
  HOUR,
  MAIN,
  MINUTE,
  NIGHT,
  NOON,
  notSent,
  only,
  ready,
  SECOND,
  sentBy,
  statusesOf,
  timedOut,
  unreachable,
} from './notification-builder.ts'
import { cancellation, due, type StepRun, sendOne, settled, silentlyUnknown, startRun } from './step-run.ts'

const DAY = 24 * HOUR
const YEN = { tenThousandths: 50_000, currency: 'JPY' }
const LISTENING = { awaitsReceipt: () => true, cost: () => YEN } as const
const SEEN = NOON + 3 * SECOND

const tell = (run: StepRun, feedback: Feedback) => run.step({ kind: 'feedback', offset: 0, feedback })
const seen = (run: StepRun, deliveryTag: string, deliveredAt = SEEN) => tell(run, { kind: 'receipt', deliveryTag, deliveredAt })
const listened = (run: StepRun, from: number, until: number, channel = 'main') =>
  tell(run, { kind: 'heartbeat', channels: [channel], from, until })

const listenedAllDay = (run: StepRun) => listened(run, NOON, NOON + DAY)
const holed = (run: StepRun) => tell(run, { kind: 'hole', channels: ['main'], from: NOON + 3 * HOUR, until: NOON + 4 * HOUR })

/** One that LINE has taken, at noon. */
const taken = (changes: Parameters<typeof ready>[1] = {}) => {
  const run = startRun({ policy: LISTENING })
  const tag = sendOne(run, ready(1, changes))
  const { results } = run.report(tag, { kind: 'accepted', requestId: 'line-1' })
  return { run, tag, results }
}

describe('an accepted notification, where somebody listens for receipts', () => {
  test('has not ended, costs nothing yet, and its address and message are gone', () => {
    const { run, results } = taken()
    expect(only(results)).toMatchObject({ status: 'accepted', terminal: false, lineRequestId: 'line-1', cost: null })
    expect(run.entry('n1')).toMatchObject({ state: 'accepted', sealed: null, settleAt: NOON + DAY })
  })

  test('ends delivered when LINE says so, at the time that LINE says, and is charged', () => {
    const { run, tag } = taken()
    run.now += MINUTE
    expect(only(seen(run, tag).results)).toMatchObject({
      status: 'delivered',
      terminal: true,
      deliveredAt: SEEN,
      decidedAt: NOON + MINUTE,
      lineRequestId: 'line-1',
      cost: YEN,
      attempts: 1,
    })
  })

  test('is delivered once, however often it is told', () => {
    const { run, tag } = taken()
    seen(run, tag)
    expect(seen(run, tag, SEEN + HOUR)).toMatchObject({ results: [], strays: 0 })
  })

  test('lets the next one to the same person go', () => {
    const { run } = taken({ recipientRef: 'r' })
    expect(sentBy(run.receive(ready(2, { recipientRef: 'r' })))).toEqual(['n2'])
  })

  test('counts for what one person gets, as it may yet be seen', () => {
    const { run } = taken({ recipientRef: 'r' })
    run.policy = { ...run.policy, perDay: 1 }
    expect(only(run.receive(ready(2, { recipientRef: 'r' })).results)).toMatchObject({ status: 'queued', reason: 'daily-cap' })
  })

  test('is not sent again, called off, superseded or expired: LINE has it', () => {
    const { run } = taken({ subject: 's', expiresAt: NOON + HOUR, unknownPolicy: 'resend' })
    run.now += 2 * HOUR
    const { results, intentions } = run.receive(cancellation('s', run.now))
    expect([results, intentions]).toEqual([[], []])
    expect(run.entry('n1').state).toBe('accepted')
  })

  test.each([accepted, unreachable, timedOut, notSent('rate-limited')])(
    'stays so, whatever is said of the call again ($kind)',
    (outcome) => {
      const { run, tag } = taken()
      const before = run.entry('n1')
      expect(run.handOver(tag, outcome)).toMatchObject({ results: [], strays: 0 })
      expect(run.entry('n1')).toEqual(before)
    },
  )

  test('is due for another channel at its time, as LINE has not delivered it, and not once it was', () => {
    const { run, tag } = taken({ fallbackAfterMs: HOUR })
    run.now += HOUR
    expect(only(due(run).results)).toMatchObject({ status: 'fallback_due', fallback: 'sms', terminal: false })
    const other = taken({ fallbackAfterMs: HOUR })
    seen(other.run, other.tag)
    other.run.now += HOUR
    expect(due(other.run).results).toEqual([])
    expect(statusesOf(seen(run, tag))).toEqual(['delivered'])
  })
})

describe('a receipt', () => {
  test('that overtakes the answer ends it, and the answer is no news', () => {
    const run = startRun({ policy: LISTENING })
    const tag = sendOne(run, ready(1))
    expect(only(seen(run, tag).results)).toMatchObject({ status: 'delivered', terminal: true, attempts: 1 })
    expect(run.report(tag, accepted)).toMatchObject({ results: [], strays: 0 })
    expect(run.entry('n1').state).toBe('done')
  })

  test('that overtakes the answer says that a paused channel works', () => {
    const run = startRun({ policy: LISTENING })
    run.report(sendOne(run, ready(1)), notSent('forbidden'))
    run.now += HOUR
    const probe = only(run.step().intentions).deliveryTag
    expect(seen(run, probe).forgotten).toEqual(['pause/main'])
  })

  test('settles what nobody knew the answer to', () => {
    const run = startRun({ policy: LISTENING })
    const tag = silentlyUnknown(run)
    expect(only(seen(run, tag).results)).toMatchObject({ status: 'delivered', terminal: true, attempts: 1 })
    listened(run, NOON, run.now)
    expect(run.readBarrier(run.now).results).toEqual([])
  })

  test('of a past attempt ends what is to be sent once more, and it is not', () => {
    const run = startRun({ policy: LISTENING })
    const tag = silentlyUnknown(run, { unknownPolicy: 'resend' })
    run.permits = new Map()
    listened(run, NOON, run.now)
    run.readBarrier(run.now)
    expect(run.entry('n1').state).toBe('queued')
    expect(statusesOf(seen(run, tag))).toEqual(['delivered'])
    run.permits = new Map([[MAIN, 1]])
    expect(run.step().intentions).toEqual([])
  })

  test('of an intention that nobody knows is counted', () => {
    const { run } = taken()
    expect(seen(run, 't_3_0123456789ab_7_zz')).toMatchObject({ results: [], strays: 1 })
  })

  test('where nobody was to listen is no correction: accepted was the end, and true', () => {
    const run = startRun()
    const tag = sendOne(run, ready(1))
    run.report(tag, accepted)
    expect(seen(run, tag)).toMatchObject({ results: [], strays: 0 })
  })

  test('after unconfirmed is the one correction', () => {
    const run = startRun({ policy: LISTENING })
    const tag = silentlyUnknown(run)
    listened(run, NOON, run.now)
    const end = only(run.readBarrier(run.now).results)
    expect(end).toMatchObject({ status: 'unconfirmed', terminal: true })
    expect(only(seen(run, tag).results)).toMatchObject({
      status: 'delivered',
      terminal: false,
      corrects: end.resultId,
      cost: YEN,
    })
    expect(seen(run, tag).results).toEqual([])
  })

  test('that LINE had taken it after all does not use up the correction: the receipt is still to come', () => {
    const run = startRun({ policy: LISTENING })
    const tag = silentlyUnknown(run)
    listened(run, NOON, run.now)
    run.readBarrier(run.now)
    expect(run.handOver(tag, accepted).results).toEqual([])
    expect(only(seen(run, tag).results).corrects).not.toBeNull()
  })

  test('corrects what LINE said of a later attempt', () => {
    const run = startRun({ policy: LISTENING })
    const first = silentlyUnknown(run, { unknownPolicy: 'resend' })
    listened(run, NOON, run.now)
    const second = only(run.readBarrier(run.now).intentions).deliveryTag
    const end = only(run.report(second, unreachable).results)
    expect(only(seen(run, first).results)).toMatchObject({ status: 'delivered', corrects: end.resultId, deliveryTag: first })
  })
})

describe('a day without a receipt', () => {
  test('ends it undelivered, with its fallback and without cost, and not before a barrier from then was read', () => {
    const { run } = taken()
    run.now = NOON + DAY
    listened(run, NOON, NOON + DAY)
    expect(run.readBarrier(NOON + DAY - 1)).toMatchObject({ results: [], barrierWanted: true })
    expect(only(run.readBarrier(NOON + DAY).results)).toMatchObject({
      status: 'undelivered',
      reason: 'no-receipt',
      terminal: true,
      fallback: 'sms',
      cost: null,
      deliveredAt: null,
      lineRequestId: 'line-1',
    })
  })

  test('wants a barrier when it is over, and none before', () => {
    const { run } = taken()
    run.now = NOON + DAY - 1
    listened(run, NOON, NOON + DAY)
    expect(run.step().barrierWanted).toBe(false)
    run.now += 1
    expect(run.step().barrierWanted).toBe(true)
  })

  test('is none while nobody is known to have listened: neither judged, nor a barrier wanted', () => {
    const { run } = taken()
    run.now = NOON + DAY + HOUR
    listened(run, NOON, NOON + DAY - 1)
    expect(run.readBarrier(run.now)).toMatchObject({ results: [], barrierWanted: false, more: false })
    expect(statusesOf(listened(run, NOON + DAY - 1, NOON + DAY))).toEqual(['undelivered'])
  })

  test.each([
    ['before', [holed, listenedAllDay]],
    ['after', [listenedAllDay, holed]],
  ])('is longer by what one process may have lost, though another listened all the time (told %s)', (_, told) => {
    const { run } = taken()
    run.now = NOON + DAY
    for (const each of told) each(run)
    expect(run.readBarrier(run.now).results).toEqual([])
    run.now += HOUR
    listened(run, NOON + DAY, run.now - 1)
    expect(run.readBarrier(run.now).results).toEqual([])
    expect(statusesOf(listened(run, run.now - 1, run.now))).toEqual(['undelivered'])
  })

  test('has no hole that is still to come: the clock of a webhook may be wrong', () => {
    const { run } = taken()
    run.now = NOON + 2 * HOUR
    tell(run, { kind: 'hole', channels: ['main'], from: run.now, until: run.now + 5 * DAY })
    run.now = NOON + DAY + HOUR
    listened(run, NOON, run.now)
    expect(statusesOf(run.readBarrier(run.now))).toEqual(['undelivered'])
  })

  test.each([
    ['at the beginning', [[NOON + 3 * HOUR, NOON + DAY]], 3 * HOUR],
    [
      'in the middle',
      [
        [NOON, NOON + HOUR],
        [NOON + 5 * HOUR, NOON + DAY],
      ],
      4 * HOUR,
    ],
    [
      'more than once',
      [
        [NOON, NOON + HOUR],
        [NOON + 2 * HOUR, NOON + 3 * HOUR],
        [NOON + 6 * HOUR, NOON + DAY],
      ],
      4 * HOUR,
    ],
  ])('is as much longer as nobody listened (%s)', (_, spans, unheard) => {
    const { run } = taken()
    run.now = NOON + DAY
    for (const [from = 0, until = 0] of spans) listened(run, from, until)
    expect(settled(run, run.readBarrier(run.now)).flatMap(({ results }) => results)).toEqual([])
    expect(run.entry('n1').settleAt).toBe(NOON + DAY + unheard)
    run.now += unheard
    listened(run, NOON + DAY, run.now)
    expect(statusesOf(run.readBarrier(run.now))).toEqual(['undelivered'])
  })

  test('is none that is still to come: a webhook whose clock is wrong has not listened to it', () => {
    const { run } = taken()
    listened(run, NOON, NOON + 30 * DAY)
    expect(run.store.coverage('main')?.spans).toEqual([{ from: NOON, until: NOON + HOUR }])
  })

  test('is not shortened by two who listened at the same time', () => {
    const { run } = taken()
    run.now = NOON + DAY
    listened(run, NOON, NOON + 14 * HOUR)
    listened(run, NOON + 2 * HOUR, NOON + 16 * HOUR)
    listened(run, NOON + 20 * HOUR, NOON + DAY)
    run.readBarrier(run.now)
    expect(run.entry('n1')).toMatchObject({ state: 'accepted', settleAt: NOON + DAY + 4 * HOUR })
  })

  test('of one channel says nothing of another', () => {
    const { run } = taken()
    run.now = NOON + DAY
    listened(run, NOON, NOON + DAY, 'other')
    expect(run.readBarrier(run.now).results).toEqual([])
    expect(run.entry('n1').state).toBe('accepted')
  })

  test('is not waited for longer than four days where nobody listens at all: nobody can say', () => {
    const { run } = taken()
    run.now = NOON + 4 * DAY - 1
    expect(run.readBarrier(run.now).results).toEqual([])
    run.now += 1
    expect(run.step().barrierWanted).toBe(true)
    expect(only(run.readBarrier(run.now).results)).toMatchObject({
      status: 'unconfirmed',
      reason: 'no-webhook',
      terminal: true,
      cost: YEN,
    })
  })

  test('is behind what lies in the log: a receipt that is read before the barrier counts', () => {
    const { run, tag } = taken()
    run.now = NOON + 3 * DAY
    listened(run, NOON, run.now)
    expect(statusesOf(seen(run, tag))).toEqual(['delivered'])
    expect(run.readBarrier(run.now).results).toEqual([])
  })

  test.each([
    ['called off', (run: StepRun) => run.receive(cancellation('s', NOON + HOUR))],
    ['expired', (run: StepRun) => run.step()],
    [
      'for somebody who has opted out',
      (run: StepRun) => {
        run.policy = { ...run.policy, isOptedOut: () => true }
      },
    ],
  ])('gives no hint at another channel for what is %s by then', (name, change) => {
    const { run } = taken({ subject: 's', expiresAt: name === 'expired' ? NOON + HOUR : null })
    run.now = NOON + DAY
    change(run)
    listened(run, NOON, run.now)
    expect(only(run.readBarrier(run.now).results)).toMatchObject({ status: 'undelivered', fallback: null })
  })

  test('ends it in quiet hours, too: who reads it decides when to ring', () => {
    const { run } = taken({ quietHours: NIGHT })
    run.now = NOON + DAY + 12 * HOUR
    listened(run, NOON, run.now)
    expect(statusesOf(run.readBarrier(run.now))).toEqual(['undelivered'])
  })

  test('does not count as having reached the person', () => {
    const { run } = taken({ recipientRef: 'r', subject: 's' })
    run.now = NOON + DAY
    listened(run, NOON, run.now)
    run.readBarrier(run.now)
    const restored = run.receive(
      ready(2, {
        recipientRef: 'r',
        subject: 's',
        onlyIfNotified: true,
        receivedAt: run.now,
        event: { source: 's', id: 'e', type: null, time: run.now },
      }),
    )
    expect(statusesOf(restored)).toEqual(['cancelled'])
  })

  test('and a receipt after all: exactly one correction', () => {
    const { run, tag } = taken()
    run.now = NOON + DAY
    listened(run, NOON, run.now)
    const end = only(run.readBarrier(run.now).results)
    run.now += HOUR
    expect(only(seen(run, tag, NOON + DAY + MINUTE).results)).toMatchObject({
      status: 'delivered',
      terminal: false,
      corrects: resultIdOf('n1', end.sequence),
      deliveredAt: NOON + DAY + MINUTE,
      cost: YEN,
    })
    expect(seen(run, tag).results).toEqual([])
    expect(run.entry('n1')).toMatchObject({ state: 'done', corrected: true, reachedAt: NOON })
  })

  test('of many ends them all, in portions', () => {
    const run = startRun({ policy: LISTENING })
    run.permits = new Map([[MAIN, 1_200]])
    for (const { deliveryTag } of run.receive(...Array.from({ length: 1_200 }, (_, n) => ready(n))).intentions)
      run.report(deliveryTag, accepted)
    run.now = NOON + DAY
    listened(run, NOON, run.now)
    const portions = settled(run, run.readBarrier(run.now))
    expect(portions.map((each) => statusesOf(each).length)).toEqual([500, 500, 200])
  })
})

describe('a channel that is told otherwise', () => {
  test('to listen no more: what waits for a receipt ends accepted, as it does there', () => {
    const { run } = taken()
    run.policy = { ...run.policy, awaitsReceipt: () => false }
    run.now = NOON + DAY
    expect(only(run.readBarrier(run.now).results)).toMatchObject({
      status: 'accepted',
      terminal: true,
      cost: YEN,
      lineRequestId: 'line-1',
    })
  })
})

describe('an unknown notification, where somebody listens for receipts', () => {
  test('is not sent once more while nobody has listened for as long as it waits', () => {
    const run = startRun({ policy: LISTENING })
    silentlyUnknown(run, { unknownPolicy: 'resend' })
    run.now += 5 * HOUR
    listened(run, NOON + 5 * HOUR, run.now - MINUTE)
    expect(run.readBarrier(run.now).intentions).toEqual([])
    expect(run.entry('n1').state).toBe('unknown')
    const { intentions } = listened(run, run.now - MINUTE, run.now)
    expect(intentions).toHaveLength(1)
  })
})

describe('an account link', () => {
  const link = { kind: 'link', notificationId: 'n1', userId: 'U1', webhookEventId: 'e1', linkedAt: NOON + HOUR } as const

  test('joins user, customer and notification, and ends nothing', () => {
    const { run } = taken({ subject: 's' })
    run.now = NOON + 2 * HOUR
    const { attributions, results } = tell(run, link)
    expect(attributions).toEqual([
      {
        notificationId: 'n1',
        userId: 'U1',
        customerId: 'C-1',
        recipientRef: 'r1',
        channel: 'main',
        route: 'bill',
        purpose: 'bill-finalized',
        subject: 's',
        webhookEventId: 'e1',
        linkedAt: NOON + HOUR,
        sentAt: NOON,
        decidedAt: NOON + 2 * HOUR,
      },
    ])
    expect(results).toEqual([])
    expect(run.entry('n1')).toMatchObject({ state: 'accepted', linkedAt: NOON + HOUR })
  })

  test('counts once: neither the same one nor another is told of again', () => {
    const { run, tag } = taken()
    tell(run, link)
    seen(run, tag)
    expect(tell(run, link)).toMatchObject({ attributions: [], strays: 0 })
    expect(tell(run, { ...link, userId: 'U2', webhookEventId: 'e2' })).toMatchObject({ attributions: [], strays: 0 })
  })

  test('by a notification that is not remembered is counted', () => {
    const { run } = taken()
    expect(tell(run, { ...link, notificationId: 'n2' })).toMatchObject({ attributions: [], strays: 1 })
  })
})
