import { describe, expect, test } from 'vitest'
import { nextStepAt } from '../../src/domain/step.ts'
import { accepted, HOUR, MAIN, NIGHT, NOON, notSent, OWNER, ready, SECOND, timedOut } from './notification-builder.ts'
import { type StepRun, sendOne, startRun } from './step-run.ts'

const nextOf = (run: StepRun, orphansFrom = Number.POSITIVE_INFINITY) =>
  nextStepAt(run.store, { now: run.now, owner: { ...OWNER, orphansFrom } })

describe('without inputs, the next step is due', () => {
  test('never, if nothing waits', () => expect(nextOf(startRun())).toBeUndefined())

  test('never for what is under way', () => {
    const run = startRun()
    sendOne(run, ready(1))
    expect(nextOf(run)).toBeUndefined()
  })

  test('at the end of quiet hours', () => {
    const run = startRun()
    run.now = NOON + 12 * HOUR
    run.receive(ready(1, { quietHours: NIGHT }))
    expect(nextOf(run)).toBe(NOON + 20 * HOUR)
  })

  test('when a back-off is over', () => {
    const run = startRun()
    run.report(sendOne(run, ready(1)), notSent('connect'))
    expect(nextOf(run)).toBe(NOON + SECOND)
  })

  test('when something expires in the queue', () => {
    const run = startRun()
    run.permits = new Map()
    run.receive(ready(1, { expiresAt: NOON + 5 }))
    expect(nextOf(run)).toBe(NOON + 5)
  })

  test('when the wait for an unknown answer is over', () => {
    const run = startRun()
    run.report(sendOne(run, ready(1)), timedOut)
    expect(nextOf(run)).toBe(NOON + HOUR)
  })

  test('when intentions of an earlier owner can be judged, which a step says there are', () => {
    const run = startRun({ owner: { epoch: 1 } })
    sendOne(run, ready(1))
    run.reopen({ epoch: 7, orphansFrom: NOON + 13 * SECOND })
    expect(run.step().orphans).toBe(true)
    expect(nextOf(run, NOON + 13 * SECOND)).toBe(NOON + 13 * SECOND)
  })

  test('never for intentions of earlier owners once a step says that there are none', () => {
    const run = startRun({ owner: { epoch: 1 } })
    const tag = sendOne(run, ready(1))
    run.reopen({ epoch: 7, orphansFrom: NOON + 13 * SECOND })
    expect(run.handOver(tag, accepted).orphans).toBe(false)
    expect(sendOne(run, ready(2))).not.toBe(tag)
    expect(run.step().orphans).toBe(false)
  })

  test('at the earliest of all of them', () => {
    const run = startRun()
    run.report(sendOne(run, ready(1)), timedOut)
    run.permits = new Map()
    run.receive(ready(2, { expiresAt: NOON + 2 * HOUR }), ready(3, { expiresAt: NOON + HOUR / 2 }))
    expect(nextOf(run)).toBe(NOON + HOUR / 2)
  })
})

test('what a step cannot do at once, it asks to be called again for', () => {
  const run = startRun()
  run.permits = new Map([[MAIN, 600]])
  const { intentions } = run.receive(...Array.from({ length: 600 }, (_, n) => ready(n)))
  run.step(
    ...intentions.map(({ deliveryTag }) => ({ kind: 'outcome', report: { deliveryTag, outcome: timedOut, at: NOON } }) as const),
  )
  run.now = NOON + HOUR
  const first = run.readBarrier(NOON + HOUR)
  expect(first.results).toHaveLength(500)
  expect(first.more).toBe(true)
  const second = run.step()
  expect(second.results).toHaveLength(100)
  expect(second.more).toBe(false)
})
