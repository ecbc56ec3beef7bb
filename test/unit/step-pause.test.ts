import { describe, expect, test } from 'vitest'
import { laneOf } from '../../src/domain/entry.ts'
import { isStillWanted, waitsForPermit } from '../../src/domain/release.ts'
import { nextStepAt } from '../../src/domain/step.ts'
import {
  accepted,
  HOUR,
  MAIN,
  MINUTE,
  NOON,
  notSent,
  OWNER,
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
import { cancellation, due, hold, order, reportInput, type StepRun, sendOne, startRun } from './step-run.ts'

const FLEXIBLE = laneOf({ channel: 'main', endpoint: 'flexible' })
const OTHER = laneOf({ channel: 'other', endpoint: 'template' })
const FORBIDDEN = notSent('forbidden')
const pauseOf = (run: StepRun) => run.store.pause('main')
const nextOf = (run: StepRun) =>
  nextStepAt(run.store, { now: run.now, owner: { ...OWNER, orphansFrom: Number.POSITIVE_INFINITY } })

/** A channel that LINE refused at noon, and three that wait for it; it is tried again every hour. */
const pausedRun = (outcome = FORBIDDEN) => {
  const run = startRun()
  run.permits = new Map([MAIN, FLEXIBLE, OTHER].map((lane) => [lane, 9]))
  run.report(sendOne(run, ready(1)), outcome)
  hold(run, ready(2), ready(3, { endpoint: 'flexible' }))
  run.now = NOON + MINUTE
  return run
}

/** An hour after noon the first of them is tried; returns its tag. */
const probe = (run: StepRun): string => {
  run.now = NOON + HOUR
  return only(run.step().intentions).deliveryTag
}

describe('a channel is paused', () => {
  test.each([
    ['forbidden', FORBIDDEN],
    ['monthly-limit', notSent('monthly-limit')],
  ])('when LINE says %s: nothing leaves on it, and nothing is lost', (cause, outcome) => {
    const run = pausedRun(outcome)
    expect(pauseOf(run)).toEqual({ channel: 'main', cause, since: NOON, probeAt: NOON + HOUR, probe: null })
    expect(run.step()).toMatchObject({ intentions: [], results: [] })
    expect(run.store.count()).toMatchObject({ queued: 3 })
    expect([MAIN, FLEXIBLE].map((lane) => waitsForPermit(run.store, lane, run.now))).toEqual([false, false])
    expect(nextOf(run)).toBe(NOON + HOUR)
  })

  test('at once: nothing else leaves in the step that learns of it', () => {
    const run = startRun()
    const tag = sendOne(run, ready(1))
    const changes = run.step(reportInput(tag, FORBIDDEN, NOON), { kind: 'request', offset: 1, request: ready(2) })
    expect(changes.intentions).toEqual([])
  })

  test('and the others are not', () => {
    const run = pausedRun()
    expect(sentBy(run.receive(ready(4, { channel: 'other' })))).toEqual(['n4'])
  })

  test('for the next owner as well', () => {
    const run = pausedRun()
    run.reopen({ epoch: 20 })
    expect(run.step().intentions).toEqual([])
  })

  test('for what was committed and has not left', () => {
    const run = startRun()
    const { intentions } = run.receive(ready(1), ready(2))
    run.report(intentions[0]?.deliveryTag ?? '', FORBIDDEN)
    const [, second] = intentions
    if (!second) throw new Error('no second')
    expect(isStillWanted(run.store, second, POLICY)).toBe(false)
    run.report(second.deliveryTag, notSent('send-by'))
    expect(run.entry('n2')).toMatchObject({ state: 'queued', setbacks: 0 })
  })

  test('and what waits on it expires, is cancelled and is refused as ever', () => {
    const run = startRun()
    run.receive(order('pause'))
    run.receive(ready(1, { expiresAt: NOON + MINUTE }), ready(2, { subject: 's' }), ready(3))
    run.now += MINUTE
    expect(said(run.receive(cancellation('s')))).toEqual(['n2 cancelled', 'n1 expired'])
    run.policy = { ...run.policy, isOptedOut: (customerId) => customerId === 'C-3' }
    run.receive(order('resume'))
    expect(run.entry('n3').status).toBe('refused')
  })
})

describe('a paused channel is tried', () => {
  test('with one, once in a while, whatever the endpoints and permits', () => {
    const run = pausedRun()
    run.now = NOON + HOUR - 1
    expect(run.step().intentions).toEqual([])
    const tag = probe(run)
    expect(pauseOf(run)).toMatchObject({ probe: tag, probeAt: NOON + 2 * HOUR, since: NOON })
    run.now = NOON + 2 * HOUR - 1
    expect(run.step().intentions).toEqual([])
  })

  test('and may be: the probe is wanted, others are not', () => {
    const run = pausedRun()
    run.now = NOON + HOUR
    const intention = only(run.step().intentions)
    expect(isStillWanted(run.store, intention, POLICY)).toBe(true)
  })

  test.each([
    ['accepted', accepted],
    ['unreachable', unreachable],
    ['rejected', rejected],
  ])('and goes on if LINE answers for the message (%s)', (status, outcome) => {
    const run = pausedRun()
    const changes = run.report(probe(run), outcome)
    expect(statusesOf(changes)).toContain(status)
    expect(pauseOf(run)).toBeUndefined()
    expect(changes.forgotten).toEqual(['pause/main'])
    expect([changes, run.step()].flatMap(sentBy).sort()).toEqual(['n2', 'n3'])
  })

  test('and stays paused if LINE says so again', () => {
    const run = pausedRun()
    const tag = probe(run)
    run.now += SECOND
    run.report(tag, notSent('monthly-limit'))
    expect(pauseOf(run)).toEqual({
      channel: 'main',
      cause: 'monthly-limit',
      since: NOON,
      probeAt: NOON + 2 * HOUR + SECOND,
      probe: null,
    })
    run.now += HOUR - 1
    expect(run.step().intentions).toEqual([])
    run.now += 1
    expect(run.step().intentions).toHaveLength(1)
  })

  test.each([timedOut, notSent('connect'), notSent('send-by')])(
    'and tried again later if nothing was learned ($kind)',
    (outcome) => {
      const run = pausedRun()
      run.report(probe(run), outcome)
      expect(run.step().intentions).toEqual([])
      run.now = NOON + 2 * HOUR
      expect(run.step().intentions).toHaveLength(1)
    },
  )

  test('again later if the probe’s answer is lost with its owner', () => {
    const run = pausedRun()
    probe(run)
    run.reopen({ epoch: 20, orphansFrom: NOON + HOUR + 13 * SECOND })
    run.now = NOON + 2 * HOUR
    expect(run.step().intentions).toHaveLength(1)
  })

  test('and goes on if the probe’s answer comes to the next owner', () => {
    const run = pausedRun()
    const tag = probe(run)
    run.reopen({ epoch: 20, orphansFrom: NOON + HOUR + 13 * SECOND })
    run.handOver(tag, accepted)
    expect(pauseOf(run)).toBeUndefined()
  })
})

describe('what was under way before', () => {
  const underWay = () => {
    const run = startRun()
    const { intentions } = run.receive(ready(1), ready(2), ready(3))
    const [first = '', second = '', third = ''] = intentions.map(({ deliveryTag }) => deliveryTag)
    run.report(first, FORBIDDEN)
    run.now += MINUTE
    return { run, second, third }
  }

  test('does not lift the pause', () => {
    const { run, second } = underWay()
    expect(statusesOf(run.report(second, accepted))).toEqual(['accepted'])
    expect(pauseOf(run)).toMatchObject({ since: NOON, probeAt: NOON + HOUR })
  })

  test('does not make it anew, or longer', () => {
    const { run, second } = underWay()
    run.report(second, notSent('monthly-limit'))
    expect(pauseOf(run)).toMatchObject({ cause: 'forbidden', since: NOON, probeAt: NOON + HOUR })
  })

  test('does not lift it while a probe is under way', () => {
    const { run, second, third } = underWay()
    run.now = NOON + HOUR
    const tag = only(run.step().intentions).deliveryTag
    run.report(second, accepted)
    run.report(third, FORBIDDEN)
    expect(pauseOf(run)).toMatchObject({ probe: tag, probeAt: NOON + 2 * HOUR })
  })

  test('told again after it was over, means nothing', () => {
    const { run } = underWay()
    const first = run.entry('n1').deliveryTag ?? ''
    run.receive(order('resume'))
    run.permits = new Map()
    run.handOver(first, FORBIDDEN)
    expect(pauseOf(run)).toBeUndefined()
  })
})

describe('an operator', () => {
  test('pauses a channel, and nothing is tried on it', () => {
    const run = startRun()
    run.receive(order('pause'))
    expect(pauseOf(run)).toEqual({ channel: 'main', cause: 'operator', since: NOON, probeAt: null, probe: null })
    expect(run.receive(ready(1)).intentions).toEqual([])
    run.now += 30 * 24 * HOUR
    expect(run.step().intentions).toEqual([])
  })

  test('resumes it', () => {
    const run = startRun()
    run.receive(order('pause'), ready(1))
    expect(sentBy(run.receive(order('resume')))).toEqual(['n1'])
  })

  test('resumes what LINE had paused', () => {
    const run = pausedRun()
    run.receive(order('resume'))
    expect(pauseOf(run)).toBeUndefined()
  })

  test('pauses what LINE had paused: then no probe lifts it', () => {
    const run = pausedRun()
    const tag = probe(run)
    run.receive(order('pause'))
    expect(statusesOf(run.report(tag, accepted))).toEqual(['accepted'])
    expect(pauseOf(run)).toMatchObject({ cause: 'operator', since: NOON, probeAt: null })
  })

  test('who changes their mind in one step has the last word', () => {
    const run = startRun()
    expect(run.receive(order('pause'), order('resume'), ready(1)).intentions).toHaveLength(1)
    run.receive(order('pause'), order('resume'), order('pause'))
    expect(pauseOf(run)?.cause).toBe('operator')
  })

  test('is obeyed for the named channel alone, and one that is not paused can be resumed', () => {
    const run = startRun()
    run.receive(order('pause', 'other'), order('resume'))
    expect(run.receive(ready(1)).intentions).toHaveLength(1)
  })

  test('is heard by what is about to leave', () => {
    const run = startRun()
    const intention = only(run.receive(ready(1)).intentions)
    run.receive(order('pause'))
    expect(isStillWanted(run.store, intention, POLICY)).toBe(false)
  })
})

test('another channel is due though the channel is paused', () => {
  const run = startRun()
  run.receive(order('pause'), ready(1, { fallbackAfterMs: MINUTE }))
  run.now += MINUTE
  expect(statusesOf(due(run))).toEqual(['fallback_due'])
})
