import { describe, expect, test } from 'vitest'
import {
  accepted,
  HOUR,
  MAIN,
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
import { sendOne, silentlyUnknown, startRun } from './step-run.ts'

const RESEND = { unknownPolicy: 'resend' } as const

describe('intentions of an earlier owner', () => {
  const reopened = () => {
    const run = startRun()
    const tag = sendOne(run, ready(1))
    run.reopen({ epoch: 20, orphansFrom: NOON + 13 * SECOND })
    return { run, tag }
  }

  test('are not judged before their deadline', () => {
    const { run } = reopened()
    run.now = NOON + 13 * SECOND - 1
    expect(run.step()).toMatchObject({ results: [], barrierWanted: false })
  })

  test('at their deadline want a barrier, and are not judged before it is read', () => {
    const { run } = reopened()
    run.now = NOON + 13 * SECOND
    expect(run.step()).toMatchObject({ results: [], barrierWanted: true })
    expect(run.readBarrier(NOON + 13 * SECOND - 1)).toMatchObject({ results: [], barrierWanted: true })
    expect(run.entry('n1').state).toBe('sending')
  })

  test('become unknown once a barrier from after their deadline was read', () => {
    const { run } = reopened()
    run.now = NOON + 14 * SECOND
    const changes = run.readBarrier(NOON + 13 * SECOND)
    expect(only(changes.results)).toMatchObject({ status: 'unknown', reason: 'crash', attempts: 1, terminal: false })
    expect(changes.barrierWanted).toBe(false)
    expect(run.entry('n1')).toMatchObject({ state: 'unknown', settleAt: NOON + 14 * SECOND + HOUR })
  })

  test('are settled by what was handed over before the barrier', () => {
    const { run, tag } = reopened()
    run.now = NOON + 13 * SECOND
    expect(statusesOf(run.handOver(tag, accepted))).toEqual(['accepted'])
    expect(run.readBarrier(NOON + 13 * SECOND).results).toEqual([])
  })

  test('a barrier of another owner judges nothing', () => {
    const { run } = reopened()
    run.now = NOON + 14 * SECOND
    const changes = run.step({ kind: 'feedback', offset: 9, feedback: { kind: 'barrier', epoch: 19, at: NOON + 14 * SECOND } })
    expect(changes).toMatchObject({ results: [], silentTo: 0, barrierWanted: true })
  })

  test('are told apart from the own ones, which are not judged', () => {
    const { run } = reopened()
    sendOne(run, ready(2))
    run.now = NOON + 14 * SECOND
    expect(said(run.readBarrier(NOON + 13 * SECOND))).toEqual(['n1 unknown'])
  })

  test('are told apart by the whole epoch, not by how it begins', () => {
    const run = startRun({ owner: { epoch: 36 } }) // 10 in the tag
    sendOne(run, ready(1))
    run.reopen({ epoch: 1, orphansFrom: NOON })
    expect(said(run.readBarrier(NOON))).toEqual(['n1 unknown'])
  })

  test('are all judged, however many there are', () => {
    const run = startRun()
    run.permits = new Map([[MAIN, 700]])
    run.receive(...Array.from({ length: 700 }, (_, n) => ready(n)))
    run.reopen({ epoch: 20, orphansFrom: NOON })
    let changes = run.readBarrier(NOON)
    const said = [...changes.results]
    while (changes.more) {
      changes = run.step()
      said.push(...changes.results)
    }
    expect(said.filter(({ status }) => status === 'unknown')).toHaveLength(700)
  })
})

describe('an unknown notification', () => {
  test('is not judged before its wait is over', () => {
    const run = startRun()
    silentlyUnknown(run)
    run.now -= 1
    expect(run.step()).toMatchObject({ results: [], barrierWanted: false })
    expect(run.readBarrier(NOON + HOUR - 1).results).toEqual([])
  })

  test('wants a barrier when its wait is over, and stays unknown until that is read', () => {
    const run = startRun()
    silentlyUnknown(run)
    expect(run.step()).toMatchObject({ results: [], barrierWanted: true })
    expect(run.entry('n1').state).toBe('unknown')
  })

  test('by the policy give-up ends unconfirmed, with its fallback, and is forgotten', () => {
    const run = startRun()
    const tag = silentlyUnknown(run)
    expect(only(run.readBarrier(NOON + HOUR).results)).toMatchObject({
      status: 'unconfirmed',
      terminal: true,
      fallback: 'sms',
      attempts: 1,
      deliveryTag: tag,
    })
    expect(run.entry('n1')).toMatchObject({ state: 'done', sealed: null, settleAt: null })
  })

  test('by the policy resend is sent once more', () => {
    const run = startRun()
    const tag = silentlyUnknown(run, RESEND)
    const { intentions } = run.readBarrier(NOON + HOUR)
    expect(only(intentions).deliveryTag).not.toBe(tag)
    expect(run.entry('n1')).toMatchObject({ state: 'sending', pastTags: [tag], settleAt: null })
  })

  test('by the policy resend begins its back-off afresh', () => {
    const run = startRun()
    const first = sendOne(run, ready(1, RESEND))
    run.report(first, notSent('rate-limited'))
    run.now += SECOND
    run.report(only(run.step().intentions).deliveryTag, timedOut)
    run.now += HOUR
    run.report(only(run.readBarrier(run.now).intentions).deliveryTag, notSent('rate-limited'))
    expect(run.entry('n1')).toMatchObject({ setbacks: 1, notBefore: run.now + SECOND })
  })

  test('by the policy resend ends unconfirmed if it is too late to send it again, and too late for another channel', () => {
    const run = startRun()
    silentlyUnknown(run, { ...RESEND, expiresAt: NOON + HOUR })
    const { results, intentions } = run.readBarrier(NOON + HOUR)
    expect(only(results)).toMatchObject({ status: 'unconfirmed', terminal: true, fallback: null })
    expect(intentions).toEqual([])
  })

  test('by the policy resend respects quiet hours', () => {
    const run = startRun()
    run.now = NOON + 8 * HOUR
    run.report(sendOne(run, ready(1, { ...RESEND, quietHours: NIGHT })), timedOut)
    run.now = NOON + 9 * HOUR
    const { results, intentions } = run.readBarrier(run.now)
    expect(intentions).toEqual([])
    expect(only(results)).toMatchObject({ status: 'queued', reason: 'quiet-hours', releaseAt: NOON + 20 * HOUR })
  })

  test.each([
    ['accepted', accepted],
    ['unreachable', unreachable],
    ['rejected', rejected],
  ])('ends %s if that is learned in time', (status, outcome) => {
    const run = startRun()
    const tag = silentlyUnknown(run)
    expect(only(run.handOver(tag, outcome).results)).toMatchObject({ status, terminal: true })
    expect(run.readBarrier(run.now).results).toEqual([])
  })

  test('was one attempt, whatever is learned of it later', () => {
    const run = startRun()
    const tag = silentlyUnknown(run)
    expect(only(run.handOver(tag, accepted).results).attempts).toBe(1)
  })

  test('is back in the queue if it was certainly not sent', () => {
    const run = startRun()
    const tag = silentlyUnknown(run)
    run.permits = new Map()
    run.handOver(tag, notSent('send-by'))
    expect(run.entry('n1')).toMatchObject({ state: 'queued', settleAt: null })
    run.permits = new Map([[MAIN, 1]])
    expect(sentBy(run.step())).toEqual(['n1'])
  })

  test('waits no longer when it is told again that nobody can say', () => {
    const run = startRun()
    const tag = silentlyUnknown(run)
    expect(run.handOver(tag, timedOut).results).toEqual([])
    expect(run.entry('n1').settleAt).toBe(NOON + HOUR)
  })
})
