import { describe, expect, test } from 'vitest'
import { laneOf } from '../../src/domain/entry.ts'
import type { Notification } from '../../src/domain/request.ts'
import { accepted, HOUR, MAIN, MINUTE, NOON, notSent, only, ready, SECOND, sentBy, timedOut } from './notification-builder.ts'
import { hold, quiet, reportInput, type StepRun, sendOne, silentlyUnknown, startRun } from './step-run.ts'

const FLEXIBLE = laneOf({ channel: 'main', endpoint: 'flexible' })
const OTHER = laneOf({ channel: 'other', endpoint: 'template' })
const mine = (n: number, changes: Partial<Notification> = {}) => ready(n, { recipientRef: 'me', ...changes })
const tagOf = (run: StepRun, id: string) => run.entry(id).deliveryTag ?? ''

/** In which order they leave, if each is accepted by the next step. */
const departures = (run: StepRun): string[] => {
  const left: string[] = []
  for (let round = 0; round < 10; round++) {
    const underWay = [...run.store.inFlight()].map(({ deliveryTag }) => reportInput(deliveryTag ?? '', accepted, run.now))
    left.push(...sentBy(run.step(...underWay)))
  }
  return left
}

describe('to one person', () => {
  test('one goes at a time, and the next when the answer to it is known', () => {
    const run = startRun()
    const first = run.receive(mine(1), mine(2), ready(3))
    expect(sentBy(first)).toEqual(['n1', 'n3'])
    expect(run.step().intentions).toEqual([])
    run.report(tagOf(run, 'n1'), accepted)
    expect(run.entry('n2').state === 'sending' || sentBy(run.step()).includes('n2')).toBe(true)
  })

  test('one goes at a time, on two channels and two endpoints, too', () => {
    const run = startRun()
    run.permits = new Map([MAIN, FLEXIBLE, OTHER].map((lane) => [lane, 9]))
    expect(sentBy(run.receive(mine(1), mine(2, { channel: 'other' }), mine(3, { endpoint: 'flexible' })))).toEqual(['n1'])
  })

  test('one goes at a time, urgent or not', () => {
    const run = startRun()
    sendOne(run, mine(1))
    expect(run.receive(mine(2, { urgent: true })).intentions).toEqual([])
  })

  test('another channel does not wait for what only backs off on this one', () => {
    const run = startRun()
    run.permits = new Map([MAIN, OTHER].map((lane) => [lane, 9]))
    run.report(sendOne(run, mine(1)), notSent('connect'))
    expect(sentBy(run.receive(mine(2, { channel: 'other' })))).toEqual(['n2'])
  })

  test('the next does not wait for what nobody can say of the one before', () => {
    const run = startRun()
    run.report(sendOne(run, mine(1)), timedOut)
    expect(sentBy(run.receive(mine(2)))).toEqual(['n2'])
  })

  test('what an earlier owner was sending is waited for', () => {
    const run = startRun()
    sendOne(run, mine(1))
    run.reopen({ epoch: 20, orphansFrom: NOON + 13 * SECOND })
    expect(run.receive(mine(2)).intentions).toEqual([])
  })
})

describe('in a line', () => {
  test('back-off keeps the order: what comes after waits, even in the step that sets it back', () => {
    const run = startRun()
    const tag = sendOne(run, mine(1))
    run.now += SECOND
    const changes = run.step(reportInput(tag, notSent('rate-limited'), run.now), { kind: 'request', offset: 1, request: mine(2) })
    expect(changes.intentions).toEqual([])
    expect(run.step().intentions).toEqual([])
    run.now += SECOND
    expect(sentBy(run.step())).toEqual(['n1'])
  })

  test('what waits behind goes in the order of arrival', () => {
    const run = startRun()
    hold(run, mine(3), mine(1), mine(2))
    expect(departures(run)).toEqual(['n3', 'n1', 'n2'])
  })

  test('urgent ones overtake those that are not, also those that back off', () => {
    const run = startRun()
    run.report(sendOne(run, mine(1)), notSent('connect'))
    expect(sentBy(run.receive(mine(2), mine(3, { urgent: true })))).toEqual(['n3'])
  })

  test('urgent ones keep their order among themselves', () => {
    const run = startRun()
    run.report(sendOne(run, mine(1, { urgent: true })), notSent('connect'))
    expect(run.receive(mine(2, { urgent: true })).intentions).toEqual([])
  })

  test('of two endpoints of a channel the one that comes first goes first', () => {
    const run = startRun()
    run.permits = new Map([MAIN, FLEXIBLE].map((lane) => [lane, 9]))
    hold(run, mine(1, { endpoint: 'flexible' }), mine(2))
    expect(sentBy(run.step())).toEqual(['n1'])
  })

  test('what waits for the morning does not hold up what may go now', () => {
    const run = startRun()
    run.receive(mine(1, { quietHours: quiet('11:00', '13:00') }))
    expect(sentBy(run.receive(mine(2)))).toEqual(['n2'])
  })

  test('what ends makes room in its place', () => {
    const run = startRun()
    run.report(sendOne(run, mine(1, { expiresAt: NOON + MINUTE })), notSent('no-key'))
    hold(run, mine(2))
    run.now += MINUTE
    const all = [run.step(), run.step()]
    expect(all.flatMap(sentBy)).toEqual(['n2'])
  })
})

describe('what is sent again', () => {
  const RESEND = { unknownPolicy: 'resend', recipientRef: 'me' } as const

  test('does not wait behind what came after it', () => {
    const run = startRun()
    silentlyUnknown(run, RESEND)
    const next = sendOne(run, mine(2))
    run.report(next, notSent('no-key'))
    expect(sentBy(run.readBarrier(run.now))).toEqual(['n1'])
  })

  test('does not hold up what came after it', () => {
    const run = startRun()
    silentlyUnknown(run, RESEND)
    run.report(only(run.readBarrier(run.now).intentions).deliveryTag, notSent('no-key'))
    expect(run.entry('n1').resend).toBe(true)
    expect(sentBy(run.receive(mine(2)))).toEqual(['n2'])
  })

  test('goes alone, all the same', () => {
    const run = startRun()
    silentlyUnknown(run, RESEND)
    sendOne(run, mine(2))
    expect(run.readBarrier(run.now).intentions).toEqual([])
  })
})

test('ten thousand to one person do not hold up the others', () => {
  const run = startRun()
  hold(run, ...Array.from({ length: 10_000 }, (_, n) => mine(n)), ...Array.from({ length: 60 }, (_, n) => ready(20_000 + n)))
  const first = run.step()
  expect(sentBy(first)).toEqual(['n0', ...Array.from({ length: 60 }, (_, n) => `n${20_000 + n}`)])
  run.report(tagOf(run, 'n0'), accepted)
  run.step()
  expect(run.entry('n1').state).toBe('sending')
})

test('a person who backs off does not hold up the others', () => {
  const run = startRun()
  run.report(sendOne(run, mine(1)), notSent('connect'))
  hold(run, mine(2), ready(3), ready(4))
  expect(sentBy(run.step())).toEqual(['n3', 'n4'])
  run.now += HOUR
  expect(sentBy(run.step())).toEqual(['n1'])
})
