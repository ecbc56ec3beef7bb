import { describe, expect, test } from 'vitest'
import { SEND_BY_MS } from '../../src/domain/changes.ts'
import { parseDeliveryTag } from '../../src/domain/delivery-tag.ts'
import { laneOf } from '../../src/domain/entry.ts'
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
  rejected,
  SECOND,
  said,
  sentBy,
  statusesOf,
  timedOut,
  unreachable,
} from './notification-builder.ts'
import { hold, quiet, sendOne, startRun } from './step-run.ts'

describe('an intention', () => {
  test('has a tag that is never used again within an owner’s life', () => {
    const run = startRun()
    const tags = [...run.receive(ready(1), ready(2)).intentions, ...run.receive(ready(3)).intentions].map(({ deliveryTag }) =>
      parseDeliveryTag(deliveryTag),
    )
    const owner = { partition: 3, incarnation: '0123456789ab', epoch: 7 }
    expect(tags).toEqual([0, 1, 2].map((counter) => ({ ...owner, counter })))
  })

  test.each([
    ['two seconds', {}, SEND_BY_MS],
    ['expiry, if that is sooner', { expiresAt: NOON + 1_500 }, 1_500],
    ['quiet hours, if they begin sooner', { quietHours: quiet('12:00:01', '13:00') }, 1_000],
    ['two seconds, if quiet hours begin later', { quietHours: quiet('12:00:03', '13:00') }, SEND_BY_MS],
    ['the sooner of both', { quietHours: quiet('12:00:01', '13:00'), expiresAt: NOON + 400 }, 400],
  ])('may be started for %s', (_, changes, ms) => {
    expect(only(startRun().receive(ready(1, changes)).intentions)).toMatchObject({ startFrom: NOON, startBy: NOON + ms })
  })

  test('is made for as many as there are permits, lane by lane', () => {
    const run = startRun()
    const flexible = laneOf({ channel: 'main', endpoint: 'flexible' })
    run.permits = new Map([
      [MAIN, 1],
      [flexible, 2],
    ])
    const requests = [1, 2, 3].map((n) => ready(n)).concat([4, 5, 6].map((n) => ready(n, { endpoint: 'flexible' })))
    expect(sentBy(run.receive(...requests))).toEqual(['n1', 'n4', 'n5'])
    run.permits = new Map([[flexible, 5]])
    expect(sentBy(run.step())).toEqual(['n6'])
  })
})

describe('the order of departure', () => {
  test('is that of arrival', () => {
    const run = startRun()
    hold(run, ready(3), ready(1), ready(2))
    expect(sentBy(run.step())).toEqual(['n3', 'n1', 'n2'])
  })

  test('lets what is urgent overtake a backlog', () => {
    const run = startRun()
    hold(run, ready(1), ready(2))
    run.permits = new Map([[MAIN, 2]])
    expect(sentBy(run.receive(ready(3, { urgent: true })))).toEqual(['n3', 'n1'])
  })

  test('is by the time of release before that of arrival', () => {
    const run = startRun()
    run.now = NOON - 5 * HOUR // 07:00
    hold(run, ready(1, { quietHours: NIGHT })) // until 08:00
    run.now += 30 * MINUTE
    hold(run, ready(2))
    run.now += HOUR
    expect(sentBy(run.step())).toEqual(['n2', 'n1'])
  })

  test('is kept by what had to back off: it goes before those that came after it', () => {
    const run = startRun()
    const tag = sendOne(run, ready(1))
    run.now += SECOND / 2
    hold(run, ready(2), ready(3))
    run.permits = new Map()
    run.now += SECOND / 2
    run.report(tag, notSent('rate-limited'))
    run.now += SECOND
    run.permits = new Map([[MAIN, 2]])
    expect(sentBy(run.step())).toEqual(['n1', 'n2'])
  })

  test('does not let one that backs off hold up the others', () => {
    const run = startRun()
    run.report(sendOne(run, ready(1)), notSent('connect'))
    expect(sentBy(run.receive(ready(2)))).toEqual(['n2'])
  })
})

describe('what came of it', () => {
  test.each([
    ['accepted', accepted, { status: 'accepted', lineRequestId: 'line-1', httpStatus: null, fallback: null }],
    ['unreachable', unreachable, { status: 'unreachable', lineRequestId: 'line-2', httpStatus: 422, fallback: 'sms' }],
    ['rejected', rejected, { status: 'rejected', httpStatus: 400, property: 'body.items[0]', fallback: 'sms' }],
  ])('if %s, is the end, and address and message are forgotten', (_, outcome, result) => {
    const run = startRun()
    const tag = sendOne(run, ready(1))
    run.now += SECOND
    const words = only(run.report(tag, outcome).results)
    expect(words).toMatchObject({
      ...result,
      terminal: true,
      attempts: 1,
      deliveryTag: tag,
      sentAt: NOON,
      decidedAt: NOON + SECOND,
    })
    expect(run.entry('n1')).toMatchObject({ state: 'done', sealed: null, attempts: 1, terminalSequence: words.sequence })
  })

  test('costs what the channel’s price says, if LINE took it', () => {
    const cost = { tenThousandths: 35_000, currency: 'JPY' }
    const run = startRun({
      policy: { cost: (channel, endpoint) => (channel === 'main' && endpoint === 'template' ? cost : null) },
    })
    expect(only(run.report(sendOne(run, ready(1)), accepted).results).cost).toEqual(cost)
    expect(only(run.report(sendOne(run, ready(2)), unreachable).results).cost).toBeNull()
  })

  test('if nobody can say, is unknown, and the message is kept', () => {
    const run = startRun()
    const changes = run.report(sendOne(run, ready(1)), timedOut)
    expect(only(changes.results)).toMatchObject({ status: 'unknown', reason: 'timeout', terminal: false, attempts: 1 })
    expect(run.entry('n1')).toMatchObject({ state: 'unknown', settleAt: NOON + HOUR })
    expect(run.entry('n1').sealed).not.toBeNull()
  })

  test.each([accepted, unreachable, rejected, timedOut, notSent('rate-limited')])(
    'changes nothing when it is told again ($kind)',
    (outcome) => {
      const run = startRun()
      const tag = sendOne(run, ready(1))
      run.permits = new Map()
      run.report(tag, outcome)
      const before = run.entry('n1')
      expect(run.report(tag, outcome).results).toEqual([])
      expect(run.handOver(tag, outcome).results).toEqual([])
      expect(run.entry('n1')).toEqual(before)
    },
  )
})

describe('what was certainly not sent', () => {
  test.each([
    ['too late to start', notSent('send-by'), 0, 0, 0],
    ['no connection', notSent('connect'), SECOND, 0, 1],
    ['no token', notSent('no-token'), SECOND, 0, 1],
    ['no token, with a time', notSent('no-token', 5_000), 5_000, 0, 1],
    ['a token that was not accepted', notSent('unauthorized'), 0, 1, 1],
    ['a key that is missing', notSent('no-key'), MINUTE, 0, 1],
    ['too many', notSent('rate-limited'), SECOND, 1, 1],
    ['too many, with a time', notSent('rate-limited', 3_000), 3_000, 1, 1],
  ])('(%s) is back in the queue, and goes again when its back-off is over', (_, outcome, ms, attempts, setbacks) => {
    const run = startRun()
    const tag = sendOne(run, ready(1))
    run.permits = new Map()
    run.report(tag, outcome)
    expect(run.entry('n1')).toMatchObject({ state: 'queued', attempts, setbacks, releaseAt: NOON, notBefore: NOON + ms })
    run.permits = new Map([[MAIN, 1]])
    run.now = NOON + ms - 1
    if (ms > 0) expect(run.step().intentions).toEqual([])
    run.now = NOON + ms
    const [again] = run.step().intentions
    expect(again?.deliveryTag).not.toBe(tag)
    expect(run.entry('n1')).toMatchObject({ state: 'sending', deliveryTag: again?.deliveryTag, pastTags: [tag] })
  })

  test('waits from when that was known, not from when it is read', () => {
    const run = startRun()
    const deliveryTag = sendOne(run, ready(1))
    run.now += SECOND / 2
    run.permits = new Map()
    run.step({ kind: 'outcome', report: { deliveryTag, outcome: notSent('rate-limited'), at: NOON } })
    expect(run.entry('n1').notBefore).toBe(NOON + SECOND)
  })

  test.each([
    ['a minute', 'connect', [1, 2, 4, 8, 16, 32, 60, 60, 60]],
    ['some seconds where a lower rate is what helps', 'rate-limited', [1, 2, 4, 8, 8, 8, 8, 8, 8]],
  ] as const)('waits ever longer, up to %s', (_, cause, expected) => {
    const run = startRun()
    let tag = sendOne(run, ready(1))
    const waits: number[] = []
    for (let round = 0; round < 9; round++) {
      run.permits = new Map()
      run.report(tag, notSent(cause))
      waits.push((run.entry('n1').notBefore - run.now) / SECOND)
      run.now = run.entry('n1').notBefore
      run.permits = new Map([[MAIN, 1]])
      tag = only(run.step().intentions).deliveryTag
    }
    expect(waits).toEqual(expected)
  })

  test('expires if its time is over by then', () => {
    const run = startRun()
    const tag = sendOne(run, ready(1, { expiresAt: NOON + SECOND }))
    run.now = NOON + SECOND
    expect(only(run.report(tag, notSent('send-by')).results)).toMatchObject({
      status: 'expired',
      reason: 'expires-at',
      terminal: true,
    })
  })

  test('is held if quiet hours have begun', () => {
    const run = startRun()
    run.now = NOON + 9 * HOUR - 1 // one millisecond before 21:00
    const tag = sendOne(run, ready(1, { quietHours: NIGHT }))
    run.now += 1
    expect(statusesOf(run.report(tag, notSent('send-by')))).toEqual(['queued'])
    expect(run.entry('n1')).toMatchObject({ state: 'queued', releaseAt: NOON + 20 * HOUR })
  })

  test('expires while it backs off, and not only when that is over', () => {
    const run = startRun()
    run.report(sendOne(run, ready(1, { expiresAt: NOON + SECOND })), notSent('no-key'))
    run.now = NOON + SECOND
    expect(only(run.step().results)).toMatchObject({ status: 'expired', reason: 'expires-at', terminal: true })
    expect(run.entry('n1')).toMatchObject({ state: 'done', sealed: null })
  })
})

describe('at release', () => {
  test('what waited too long for a permit expires', () => {
    const run = startRun()
    run.permits = new Map()
    run.receive(ready(1, { expiresAt: NOON + SECOND }))
    run.now = NOON + SECOND
    run.permits = new Map([[MAIN, 1]])
    const { results, intentions } = run.step()
    expect(only(results)).toMatchObject({ status: 'expired', reason: 'expires-at', terminal: true })
    expect(intentions).toEqual([])
  })

  test('quiet hours are looked at again: what waited for a permit until they began is held', () => {
    const run = startRun()
    run.permits = new Map()
    run.now = NOON + 9 * HOUR - 1
    run.receive(ready(1, { quietHours: NIGHT }), ready(2))
    run.now += 1
    run.permits = new Map([[MAIN, 1]])
    const changes = run.step()
    expect(said(changes)).toEqual(['n1 queued', 'n2 sending'])
    expect(run.entry('n1').releaseAt).toBe(NOON + 20 * HOUR)
  })

  test('what waited until quiet hours began, and expires in them, expires at once', () => {
    const run = startRun()
    run.permits = new Map()
    run.now = NOON + 9 * HOUR - 1
    run.receive(ready(1, { quietHours: NIGHT, expiresAt: NOON + 12 * HOUR }))
    run.now += 1
    run.permits = new Map([[MAIN, 1]])
    expect(only(run.step().results)).toMatchObject({ status: 'expired', reason: 'quiet-hours' })
  })

  test('nothing expired is sent, however much expires at once', () => {
    const run = startRun()
    run.permits = new Map()
    run.receive(...Array.from({ length: 700 }, (_, n) => ready(n, { expiresAt: NOON + SECOND })))
    run.now = NOON + SECOND
    run.permits = new Map([[MAIN, 100]])
    const results: string[] = []
    for (let more = true; more; ) {
      const changes = run.step()
      expect(changes.intentions).toEqual([])
      results.push(...statusesOf(changes))
      more = changes.more
    }
    expect(results).toEqual(Array(700).fill('expired'))
  })
})
