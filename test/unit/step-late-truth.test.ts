import { describe, expect, test } from 'vitest'
import { resultIdOf } from '../../src/domain/say.ts'
import {
  accepted,
  HOUR,
  MAIN,
  NOON,
  notSent,
  only,
  ready,
  rejected,
  statusesOf,
  timedOut,
  unreachable,
} from './notification-builder.ts'
import { cancellation, sendOne, silentlyUnknown, startRun } from './step-run.ts'

const RESEND = { unknownPolicy: 'resend' } as const

describe('while a notification waits to be sent once more', () => {
  const waiting = () => {
    const run = startRun()
    const tag = silentlyUnknown(run, RESEND)
    run.permits = new Map()
    run.readBarrier(NOON + HOUR)
    expect(run.entry('n1').state).toBe('queued')
    return { run, tag }
  }

  test('the acceptance of its first attempt ends it, and it is not sent again', () => {
    const { run, tag } = waiting()
    expect(statusesOf(run.handOver(tag, accepted))).toEqual(['accepted'])
    run.permits = new Map([[MAIN, 1]])
    expect(run.step().intentions).toEqual([])
  })

  test.each([
    ['unreachable', unreachable],
    ['rejected', rejected],
  ])('the answer to its attempt ends it, too, and it is not sent again (%s)', (status, outcome) => {
    const { run, tag } = waiting()
    expect(statusesOf(run.handOver(tag, outcome))).toEqual([status])
    run.permits = new Map([[MAIN, 1]])
    expect(run.step().intentions).toEqual([])
  })

  test('learning that nothing was sent leaves it in the queue, and called off then, it ends cancelled', () => {
    const run = startRun()
    const tag = silentlyUnknown(run, { ...RESEND, subject: 's' })
    run.permits = new Map()
    run.readBarrier(NOON + HOUR)
    run.handOver(tag, notSent('send-by'))
    expect(run.entry('n1')).toMatchObject({ state: 'queued', resend: false, reachedAt: null })
    expect(statusesOf(run.receive(cancellation('s')))).toEqual(['cancelled'])
  })

  test('its expiry does not claim that nothing was sent: the acceptance of the first attempt still counts', () => {
    const run = startRun()
    const tag = silentlyUnknown(run, { ...RESEND, expiresAt: NOON + HOUR })
    const end = only(run.readBarrier(NOON + HOUR).results)
    expect(end.terminal).toBe(true)
    expect(only(run.handOver(tag, accepted).results)).toMatchObject({
      status: 'accepted',
      corrects: resultIdOf('n1', end.sequence),
    })
  })
})

describe('a past intention', () => {
  /** In force is a second attempt, after the first was not heard of. */
  const secondAttempt = () => {
    const run = startRun()
    const first = silentlyUnknown(run, RESEND)
    const second = only(run.readBarrier(NOON + HOUR).intentions).deliveryTag
    return { run, first, second }
  }

  test('that was accepted after all ends the notification', () => {
    const { run, first } = secondAttempt()
    expect(statusesOf(run.handOver(first, accepted))).toEqual(['accepted'])
    expect(run.entry('n1').state).toBe('done')
  })

  test('is remembered, however many came after it', () => {
    const { run, first, second } = secondAttempt()
    run.report(second, notSent('unauthorized'))
    const third = run.entry('n1').deliveryTag
    expect(new Set([first, second, third]).size).toBe(3)
    expect(run.entry('n1').pastTags).toEqual([first, second])
    expect(statusesOf(run.handOver(first, accepted))).toEqual(['accepted'])
  })

  test('that was accepted ends it while it backs off, too', () => {
    const { run, first, second } = secondAttempt()
    run.permits = new Map()
    run.report(second, notSent('rate-limited'))
    expect(statusesOf(run.handOver(first, accepted))).toEqual(['accepted'])
    run.permits = new Map([[MAIN, 1]])
    run.now += HOUR
    expect(run.step().intentions).toEqual([])
  })

  test.each([unreachable, rejected, timedOut, notSent('rate-limited')])('counts for nothing else ($kind)', (outcome) => {
    const { run, first } = secondAttempt()
    const before = run.entry('n1')
    expect(run.handOver(first, outcome)).toMatchObject({ results: [], strays: 0 })
    expect(run.entry('n1')).toEqual(before)
  })

  test('that was accepted corrects what LINE said of the one in force', () => {
    const { run, first, second } = secondAttempt()
    const end = only(run.report(second, rejected).results)
    expect(only(run.handOver(first, accepted).results)).toMatchObject({
      status: 'accepted',
      corrects: resultIdOf('n1', end.sequence),
    })
  })
})

describe('after unconfirmed', () => {
  const unconfirmed = (changes: Parameters<typeof ready>[1] = {}) => {
    const run = startRun()
    const tag = silentlyUnknown(run, changes)
    const end = only(run.readBarrier(NOON + HOUR).results)
    return { run, tag, end }
  }

  test.each([
    ['accepted', accepted],
    ['unreachable', unreachable],
    ['rejected', rejected],
  ])('the late truth is one correction (%s)', (status, outcome) => {
    const { run, tag, end } = unconfirmed()
    expect(only(run.handOver(tag, outcome).results)).toMatchObject({
      status,
      terminal: false,
      corrects: end.resultId,
      sequence: end.sequence + 1,
    })
    expect(run.entry('n1')).toMatchObject({ state: 'done', corrected: true, terminalSequence: end.sequence })
  })

  test.each([
    ['accepted', accepted],
    ['unreachable', unreachable],
    ['rejected', rejected],
  ])('there is no second correction, whatever is said then (after %s)', (_, first) => {
    const { run, tag } = unconfirmed()
    expect(run.handOver(tag, first).results).toHaveLength(1)
    for (const outcome of [accepted, unreachable, rejected]) expect(run.handOver(tag, outcome).results).toEqual([])
  })

  test.each([timedOut, notSent('rate-limited')])('what says nothing new corrects nothing ($kind)', (outcome) => {
    const { run, tag } = unconfirmed()
    expect(run.handOver(tag, outcome).results).toEqual([])
    expect(run.step().intentions).toEqual([])
  })

  test.each([
    ['accepted', accepted],
    ['unreachable', unreachable],
    ['rejected', rejected],
  ])('what ended %s by its own answer is not corrected by it', (_, outcome) => {
    const run = startRun()
    const tag = sendOne(run, ready(1))
    run.report(tag, outcome)
    expect(run.handOver(tag, outcome).results).toEqual([])
  })
})
