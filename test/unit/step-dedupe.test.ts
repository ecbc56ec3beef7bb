import { describe, expect, test } from 'vitest'
import type { Notification } from '../../src/domain/request.ts'
import {
  accepted,
  HOUR,
  MINUTE,
  NOON,
  notSent,
  only,
  ready,
  rejected,
  said,
  timedOut,
  unreachable,
} from './notification-builder.ts'
import { cancellation, hold, reportInput, revision, sendOne, silentlyUnknown, startRun } from './step-run.ts'

const KEY = { businessKey: 'invoice 1', businessWindowMs: HOUR, recipientRef: 'r1' } as const
const at = (time: number): Partial<Notification> => ({
  event: { source: 'jp.example', id: 'e', type: null, time },
  receivedAt: time,
})

describe('another event with the same business key', () => {
  test.each([
    ['in the same step', true],
    ['later', false],
  ])('is a duplicate that names the first and says why (%s)', (_, together) => {
    const run = startRun()
    const changes = together
      ? [run.receive(ready(1, KEY), ready(2, KEY))]
      : [run.receive(ready(1, KEY)), run.receive(ready(2, KEY))]
    const own = changes.flatMap(({ results }) => results).filter(({ notificationId }) => notificationId === 'n2')
    expect(only(own)).toMatchObject({ status: 'duplicate', duplicateOf: 'n1', reason: 'business-key', terminal: true })
  })

  test.each([
    ['the last moment of the window', HOUR - 1, 'duplicate'],
    ['the end of it', HOUR, 'sending'],
  ])('at %s, is a duplicate no more than the window says', (_, ms, status) => {
    const run = startRun()
    run.report(sendOne(run, ready(1, KEY)), accepted)
    run.now += ms
    expect(said(run.receive(ready(2, { ...KEY, ...at(run.now) })))).toEqual([`n2 ${status}`])
  })

  test('counts the window from the later of event and arrival', () => {
    const run = startRun()
    run.receive(ready(1, { ...KEY, ...at(NOON - 50 * MINUTE) }))
    run.now += 30 * MINUTE
    expect(said(run.receive(ready(2, KEY)))).toEqual(['n2 duplicate'])
  })

  test('is compared with the last one that was sent, not with the first', () => {
    const run = startRun()
    run.report(sendOne(run, ready(1, KEY)), accepted)
    run.now += HOUR
    run.report(sendOne(run, ready(2, { ...KEY, ...at(run.now) })), accepted)
    run.now += HOUR - 1
    expect(only(run.receive(ready(3, { ...KEY, ...at(run.now) })).results)).toMatchObject({ duplicateOf: 'n2' })
  })

  test('is compared with the last one, even in a step that learns something of the first', () => {
    const run = startRun()
    const first = sendOne(run, ready(1, KEY))
    run.now += HOUR
    hold(run, ready(2, { ...KEY, ...at(run.now) }))
    const changes = run.step(reportInput(first, accepted, run.now), {
      kind: 'request',
      offset: 2,
      request: ready(3, { ...KEY, ...at(run.now) }),
    })
    expect(changes.results).toContainEqual(
      expect.objectContaining({ notificationId: 'n3', status: 'duplicate', duplicateOf: 'n2' }),
    )
  })

  test.each([
    ['unreachable', unreachable],
    ['rejected', rejected],
  ])('is a duplicate of one that ended %s: the fallback took over', (_, outcome) => {
    const run = startRun()
    run.report(sendOne(run, ready(1, KEY)), outcome)
    expect(said(run.receive(ready(2, KEY)))).toEqual(['n2 duplicate'])
  })

  test('is a duplicate of one that may have been delivered', () => {
    const run = startRun()
    silentlyUnknown(run, { ...KEY, businessWindowMs: 9 * HOUR })
    run.readBarrier(run.now)
    expect(run.entry('n1').status).toBe('unconfirmed')
    expect(said(run.receive(ready(2, { ...KEY, businessWindowMs: 9 * HOUR, ...at(run.now) })))).toEqual(['n2 duplicate'])
  })
})

describe('a business key is free again', () => {
  const S = { ...KEY, subject: 'reservation/R-1', revision: 1 } as const

  test.each([
    ['cancelled', cancellation(S.subject, NOON - 1)],
    ['superseded', revision(S.subject, 2)],
  ])('when what had it ended %s before it was sent', (status, mark) => {
    const run = startRun()
    hold(run, ready(1, { ...S, ...at(NOON - 1) }))
    expect(said(hold(run, mark))).toEqual([`n1 ${status}`])
    expect(said(run.receive(ready(2, { ...S, revision: 2 })))).toEqual(['n2 sending'])
  })

  test.each([
    ['cancelled', cancellation(S.subject, NOON - 1)],
    ['superseded', revision(S.subject, 2)],
  ])('in the very step in which it is %s', (status, mark) => {
    const run = startRun()
    hold(run, ready(1, { ...S, ...at(NOON - 1) }))
    expect(said(run.receive(mark, ready(2, { ...S, revision: 2 }))).sort()).toEqual([`n1 ${status}`, 'n2 sending'])
  })

  test.each([true, false])('when it expired, also in the very step in which it does (%s)', (together) => {
    const run = startRun()
    hold(run, ready(1, { ...KEY, expiresAt: NOON + MINUTE }))
    run.now += MINUTE
    const results = together ? [] : said(run.step())
    results.push(...said(run.receive(ready(2, KEY))))
    expect(results.sort()).toEqual(['n1 expired', 'n2 sending'])
  })

  test('but not when it is called off while it is being sent', () => {
    const run = startRun()
    sendOne(run, ready(1, { ...S, ...at(NOON - 1) }))
    run.receive(cancellation(S.subject, NOON - 1))
    expect(said(run.receive(ready(2, S)))).toEqual(['n2 duplicate'])
  })

  test('but not while nobody can say whether it was delivered', () => {
    const run = startRun()
    run.report(sendOne(run, ready(1, { ...S, ...at(NOON - 1) })), timedOut)
    run.receive(cancellation(S.subject, NOON - 1))
    expect(said(run.receive(ready(2, S)))).toEqual(['n2 duplicate'])
  })

  test('but not while it backs off', () => {
    const run = startRun()
    run.report(sendOne(run, ready(1, KEY)), notSent('connect'))
    expect(said(run.receive(ready(2, KEY)))).toEqual(['n2 duplicate'])
  })
})

test('the same event made anew is a duplicate by its identity, whatever its business key says', () => {
  const run = startRun()
  run.report(sendOne(run, ready(1, KEY)), accepted)
  run.report(sendOne(run, ready(2, { ...KEY, businessKey: 'invoice 2' })), accepted)
  const { results } = run.receive(ready(3, { ...KEY, businessKey: 'invoice 2', identityKey: 'k1' }))
  expect(only(results)).toMatchObject({ status: 'duplicate', duplicateOf: 'n1', reason: null })
})
