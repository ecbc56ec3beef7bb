import { describe, expect, test } from 'vitest'
import type { Notification } from '../../src/domain/request.ts'
import { nextStepAt } from '../../src/domain/step.ts'
import {
  accepted,
  HOUR,
  MAIN,
  MINUTE,
  NOON,
  notSent,
  only,
  ready,
  SECOND,
  said,
  sentBy,
  timedOut,
  unreachable,
} from './notification-builder.ts'
import { hold, type StepRun, sendOne, silentlyUnknown, startRun } from './step-run.ts'

const DAY = 24 * HOUR
const SPACED = { policy: { spacingMs: 10 * MINUTE } } as const
const CAPPED = { policy: { perDay: 2 } } as const
const mine = (n: number, changes: Partial<Notification> = {}) =>
  ready(n, { recipientRef: 'me', dedupeWindowMs: 9 * DAY, ...changes })
const sendAccepted = (run: StepRun, n: number, changes: Partial<Notification> = {}) =>
  run.report(sendOne(run, mine(n, changes)), accepted)

describe('between two to one person', () => {
  test('there is the spacing, counted from when the first left; and it is said why', () => {
    const run = startRun(SPACED)
    const tag = sendOne(run, mine(1))
    run.now += MINUTE
    run.report(tag, accepted)
    const changes = run.receive(mine(2))
    expect(only(changes.results)).toMatchObject({ status: 'queued', reason: 'spacing', terminal: false })
    expect(run.entry('n2')).toMatchObject({ state: 'queued', notBefore: NOON + 10 * MINUTE, releaseAt: NOON + MINUTE })
    expect(
      nextStepAt(run.store, { now: run.now, owner: { partition: 3, incarnation: '', epoch: 7, orphansFrom: Infinity } }),
    ).toBe(NOON + 10 * MINUTE)
    run.now = NOON + 10 * MINUTE - 1
    expect(run.step()).toMatchObject({ intentions: [], results: [] })
    run.now += 1
    expect(sentBy(run.step())).toEqual(['n2'])
  })

  test('what nobody can say counts', () => {
    const run = startRun(SPACED)
    run.report(sendOne(run, mine(1)), timedOut)
    expect(run.receive(mine(2)).intentions).toEqual([])
  })

  test.each([unreachable, notSent('rate-limited')])('what was not delivered does not ($kind)', (outcome) => {
    const run = startRun(SPACED)
    run.report(sendOne(run, mine(1, { expiresAt: NOON + SECOND })), outcome)
    run.now += SECOND
    run.step()
    expect(sentBy(run.receive(mine(2)))).toEqual(['n2'])
  })

  test('urgent ones do not wait, and count', () => {
    const run = startRun(SPACED)
    sendAccepted(run, 1)
    run.now += MINUTE
    sendAccepted(run, 2, { urgent: true })
    run.now = NOON + 10 * MINUTE
    expect(run.receive(mine(3)).intentions).toEqual([])
    expect(run.entry('n3').notBefore).toBe(NOON + 11 * MINUTE)
  })

  test('other people do not wait', () => {
    const run = startRun(SPACED)
    sendAccepted(run, 1)
    hold(run, ...Array.from({ length: 600 }, (_, n) => mine(n + 2)), ready(1_000))
    run.permits = new Map([[MAIN, 1]])
    expect(sentBy(run.step())).toEqual(['n1000'])
  })

  test('the order of the line is kept: what comes after the one that waits, waits', () => {
    const run = startRun(SPACED)
    sendAccepted(run, 1)
    run.receive(mine(2), mine(3))
    run.now += 10 * MINUTE
    expect(sentBy(run.step())).toEqual(['n2'])
    run.report(run.entry('n2').deliveryTag ?? '', accepted)
    run.now += 10 * MINUTE
    expect(sentBy(run.step())).toEqual(['n3'])
  })

  test('one that is sent again keeps it, too: the person may have got the first', () => {
    const run = startRun({ policy: { spacingMs: 2 * HOUR } })
    silentlyUnknown(run, { unknownPolicy: 'resend' })
    expect(run.readBarrier(run.now).intentions).toEqual([])
    run.now = NOON + 2 * HOUR
    expect(sentBy(run.step())).toEqual(['n1'])
  })

  test('is remembered by the next owner', () => {
    const run = startRun(SPACED)
    sendAccepted(run, 1)
    run.reopen({ epoch: 20 })
    expect(run.receive(mine(2)).intentions).toEqual([])
  })
})

describe('in any 24 hours', () => {
  test('a person gets no more than the cap', () => {
    const run = startRun(CAPPED)
    sendAccepted(run, 1)
    run.now += HOUR
    sendAccepted(run, 2)
    run.now += HOUR
    const changes = run.receive(mine(3))
    expect(only(changes.results)).toMatchObject({ status: 'queued', reason: 'daily-cap' })
    run.now = NOON + DAY - 1
    expect(run.step().intentions).toEqual([])
    run.now += 1
    expect(sentBy(run.step())).toEqual(['n3'])
  })

  test('what waits at the cap ends when it expires', () => {
    const run = startRun(CAPPED)
    sendAccepted(run, 1)
    sendAccepted(run, 2)
    run.receive(mine(3, { expiresAt: NOON + HOUR }))
    run.now += HOUR
    expect(said(run.step())).toEqual(['n3 expired'])
  })

  test('what nobody can say counts, what was not delivered does not, and urgent ones count but do not wait', () => {
    const run = startRun(CAPPED)
    run.report(sendOne(run, mine(1)), timedOut)
    run.report(sendOne(run, mine(2)), unreachable)
    run.report(sendOne(run, mine(3, { urgent: true })), accepted)
    run.report(sendOne(run, mine(4, { urgent: true })), accepted)
    expect(run.receive(mine(5)).intentions).toEqual([])
    expect(run.entry('n5').notBefore).toBe(NOON + DAY)
  })

  test('makes room when it is learned that one was not delivered after all', () => {
    const run = startRun({ policy: { perDay: 1 } })
    const tag = sendOne(run, mine(1))
    run.report(tag, timedOut)
    run.report(tag, unreachable)
    expect(sentBy(run.receive(mine(2)))).toEqual(['n2'])
  })

  test('a late acceptance counts', () => {
    const run = startRun({ policy: { perDay: 1 } })
    const tag = silentlyUnknown(run, { recipientRef: 'me' })
    run.readBarrier(run.now)
    run.handOver(tag, accepted)
    expect(run.receive(mine(2)).intentions).toEqual([])
  })

  test('thousands that wait at the cap do not hold up the others', () => {
    const run = startRun({ policy: { perDay: 1 } })
    hold(run, ...Array.from({ length: 2_000 }, (_, n) => ready(n, { recipientRef: `r${n % 1_000}`, dedupeWindowMs: 9 * DAY })))
    run.permits = new Map([[MAIN, 1_000]])
    const { intentions } = run.step()
    expect(intentions).toHaveLength(1_000)
    run.step(
      ...intentions.map(
        ({ deliveryTag }) => ({ kind: 'outcome', report: { deliveryTag, outcome: accepted, at: NOON } }) as const,
      ),
    )
    hold(run, ready(5_000))
    const left = [run.step(), run.step(), run.step()].flatMap(sentBy)
    expect(left).toEqual(['n5000'])
  })
})

test('with both, it waits for the later of them', () => {
  const run = startRun({ policy: { spacingMs: 30 * HOUR, perDay: 1 } })
  sendAccepted(run, 1)
  run.receive(mine(2))
  expect(run.entry('n2').notBefore).toBe(NOON + 30 * HOUR)
})
