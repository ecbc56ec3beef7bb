import { describe, expect, test } from 'vitest'
import { nextStepAt } from '../../src/domain/step.ts'
import {
  accepted,
  HOUR,
  MINUTE,
  NIGHT,
  NOON,
  notSent,
  OWNER,
  only,
  ready,
  SECOND,
  said,
  statusesOf,
  timedOut,
  unreachable,
} from './notification-builder.ts'
import { cancellation, due, hold, sendOne, startRun } from './step-run.ts'

const AFTER = { fallbackAfterMs: 30 * MINUTE } as const
const nextOf = (run: ReturnType<typeof startRun>) =>
  nextStepAt(run.store, { now: run.now, owner: { ...OWNER, orphansFrom: Number.POSITIVE_INFINITY } })

describe('another channel is due', () => {
  test('when it has not ended so long after it might have gone; and it goes on', () => {
    const run = startRun()
    hold(run, ready(1, AFTER))
    expect(nextOf(run)).toBe(NOON + 30 * MINUTE)
    run.now = NOON + 30 * MINUTE - 1
    expect(hold(run).results).toEqual([])
    run.now += 1
    expect(only(hold(run).results)).toMatchObject({
      status: 'fallback_due',
      reason: 'fallback-after',
      fallback: 'sms',
      terminal: false,
      sequence: 0,
    })
    expect(run.entry('n1')).toMatchObject({
      state: 'queued',
      status: 'received',
      fallbackAt: null,
      fallbackSaid: true,
      sequence: 1,
    })
    const tag = only(due(run).intentions).deliveryTag
    expect(only(run.report(tag, accepted).results)).toMatchObject({ status: 'accepted', sequence: 2 })
  })

  test('once', () => {
    const run = startRun()
    hold(run, ready(1, AFTER))
    run.now += HOUR
    expect(statusesOf(hold(run))).toEqual(['fallback_due'])
    run.now += 20 * HOUR
    expect(hold(run).results).toEqual([])
    const tag = only(due(run).intentions).deliveryTag
    expect(statusesOf(run.report(tag, notSent('connect')))).toEqual([])
    run.now += HOUR
    expect(statusesOf(due(run))).toEqual(['sending'])
  })

  test('once, though it is sent again much later', () => {
    const run = startRun()
    const tag = sendOne(run, ready(1, { ...AFTER, unknownPolicy: 'resend', quietHours: NIGHT, unknownWaitMs: 10 * HOUR }))
    run.report(tag, timedOut)
    run.now += HOUR
    expect(statusesOf(due(run))).toEqual(['fallback_due'])
    run.now += 9 * HOUR
    expect(statusesOf(run.readBarrier(run.now))).toEqual(['queued'])
    run.now += 15 * HOUR
    expect(statusesOf(due(run))).toEqual(['sending'])
  })

  test.each(['sending', 'unknown'])('while it is %s, too', (state) => {
    const run = startRun()
    const tag = sendOne(run, ready(1, AFTER))
    if (state === 'unknown') run.report(tag, timedOut)
    run.now += 30 * MINUTE
    expect(statusesOf(due(run))).toEqual(['fallback_due'])
    expect(run.entry('n1').state).toBe(state)
  })

  test('counted from when it might go, not from its arrival at night', () => {
    const run = startRun()
    run.now = NOON + 10 * HOUR
    hold(run, ready(1, { ...AFTER, quietHours: NIGHT }))
    expect(run.entry('n1').fallbackAt).toBe(NOON + 20 * HOUR + 30 * MINUTE)
    run.now = NOON + 20 * HOUR + 30 * MINUTE - 1
    expect(hold(run).results).toEqual([])
    run.now += 1
    expect(statusesOf(hold(run))).toEqual(['fallback_due'])
  })

  test('at the end of quiet hours, if it fell due in them: whoever reads it rings at once', () => {
    const run = startRun()
    run.now = NOON + 9 * HOUR - 10 * MINUTE // 20:50
    sendOne(run, ready(1, { ...AFTER, quietHours: NIGHT }))
    run.now += 30 * MINUTE
    expect(due(run).results).toEqual([])
    expect(run.entry('n1').fallbackAt).toBe(NOON + 20 * HOUR)
    run.now = NOON + 20 * HOUR
    expect(statusesOf(due(run))).toEqual(['fallback_due'])
  })

  test('though results of what is on its way are left out', () => {
    const run = startRun({ policy: { progress: false } })
    const tag = sendOne(run, ready(1, AFTER))
    run.now += 30 * MINUTE
    expect(only(due(run).results)).toMatchObject({ status: 'fallback_due', sequence: 0 })
    expect(only(run.report(tag, accepted).results)).toMatchObject({ status: 'accepted', sequence: 1 })
  })

  test('never when it has ended before', () => {
    const run = startRun()
    run.report(sendOne(run, ready(1, AFTER)), unreachable)
    run.receive(ready(2, { ...AFTER, subject: 's' }), cancellation('s'))
    run.now += HOUR
    expect(due(run).results).toEqual([])
    expect(nextOf(run)).toBeGreaterThan(run.now + 20 * HOUR)
  })

  test('never when it ends in the same step', () => {
    const run = startRun()
    const tag = sendOne(run, ready(1, AFTER))
    run.now += 30 * MINUTE
    expect(statusesOf(run.report(tag, accepted))).toEqual(['accepted'])
  })

  test('never for what was called off: it waits only for an answer', () => {
    const run = startRun()
    sendOne(run, ready(1, { ...AFTER, subject: 's' }))
    run.receive(cancellation('s'))
    run.now += 30 * MINUTE
    expect(due(run).results).toEqual([])
  })

  test('never for somebody who wants nothing any more', () => {
    const run = startRun()
    hold(run, ready(1, AFTER))
    run.policy = { ...run.policy, isOptedOut: () => true }
    run.now += 30 * MINUTE
    expect(statusesOf(hold(run))).not.toContain('fallback_due')
  })
})

describe('behind what lies in the log', () => {
  test('a hint is not given for what was delivered meanwhile: it waits for a barrier', () => {
    const run = startRun({ policy: { awaitsReceipt: () => true } })
    const tag = sendOne(run, ready(1, AFTER))
    run.report(tag, accepted)
    run.now += HOUR
    expect(run.step()).toMatchObject({ results: [], barrierWanted: true })
    run.step({ kind: 'feedback', offset: 0, feedback: { kind: 'receipt', deliveryTag: tag, deliveredAt: NOON } })
    expect(run.readBarrier(run.now).results).toEqual([])
  })

  test('nothing is done in time before all that lay there is read: sent, ended, hinted at, or forgotten', () => {
    const run = startRun()
    hold(run, ready(1, { ...AFTER, subject: 's' }), ready(2, { ...AFTER, expiresAt: NOON + HOUR }))
    run.now += 2 * HOUR
    run.readUntil = { requests: 4, feedback: 0 }
    expect(run.step()).toMatchObject({ results: [], intentions: [], more: false, barrierWanted: false })
    expect(said(run.receive(cancellation('s')))).toEqual(['n1 cancelled'])
    expect(said(run.receive(ready(3)))).toEqual(['n2 expired', 'n3 sending'])
  })
})

describe('what falls due in a step that changes the same entry', () => {
  test('is said then, or the step asks to be called again', () => {
    const run = startRun()
    const tag = sendOne(run, ready(1, AFTER))
    run.now += 30 * MINUTE
    const changes = run.report(tag, timedOut)
    const next = nextOf(run)
    const dueAgain = changes.more || changes.barrierWanted || (next !== undefined && next <= run.now)
    expect(statusesOf(changes).includes('fallback_due') || dueAgain).toBe(true)
  })

  test('does not hide that silence must be judged', () => {
    const run = startRun()
    const tag = sendOne(run, ready(1, { fallbackAfterMs: HOUR }))
    run.report(tag, timedOut)
    run.now += HOUR
    expect(run.step().barrierWanted).toBe(true)
    expect(statusesOf(run.readBarrier(run.now))).toEqual(['unconfirmed'])
  })

  test('does not hide an intention of an earlier owner', () => {
    const run = startRun()
    sendOne(run, ready(1, { fallbackAfterMs: SECOND }))
    run.reopen({ epoch: 20, orphansFrom: NOON + 13 * SECOND })
    run.now += SECOND
    const changes = due(run)
    expect(statusesOf(changes)).toEqual(['fallback_due'])
    expect(changes.orphans).toBe(true)
    run.now = NOON + 13 * SECOND
    expect(run.step().barrierWanted).toBe(true)
    expect(statusesOf(run.readBarrier(run.now))).toEqual(['unknown'])
  })
})
