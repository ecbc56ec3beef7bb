import { describe, expect, test } from 'vitest'
import { isStillWanted } from '../../src/domain/release.ts'
import { HOUR, MAIN, notSent, only, ready, said, sentBy, statusesOf, timedOut } from './notification-builder.ts'
import { hold, sendOne, silentlyUnknown, startRun } from './step-run.ts'

const out = (...customers: readonly string[]) => ({ isOptedOut: (customerId: string) => customers.includes(customerId) })

describe('somebody who wants nothing', () => {
  test('is refused at arrival', () => {
    const run = startRun({ policy: out('C-1') })
    const changes = run.receive(ready(1), ready(2))
    expect(said(changes)).toEqual(['n1 refused', 'n2 sending'])
    expect(changes.results[0]).toMatchObject({ reason: 'opted-out', terminal: true, customerId: 'C-1', fallback: null })
    expect(run.entry('n1')).toMatchObject({ state: 'done', sealed: null, notification: null, status: 'refused' })
  })

  test('is refused at release, if they said so while it waited', () => {
    const run = startRun()
    hold(run, ready(1), ready(2))
    run.policy = { ...run.policy, ...out('C-1') }
    expect(said(run.step())).toEqual(['n1 refused', 'n2 sending'])
    expect(run.entry('n1')).toMatchObject({ state: 'done', sealed: null, notification: null })
  })

  test('is not sent what was committed and has not left', () => {
    const run = startRun()
    const intention = only(run.receive(ready(1)).intentions)
    expect(isStillWanted(run.store, intention, { ...run.policy, ...out('C-2') })).toBe(true)
    expect(isStillWanted(run.store, intention, { ...run.policy, ...out('C-1') })).toBe(false)
    run.policy = { ...run.policy, ...out('C-1') }
    expect(said(run.report(intention.deliveryTag, notSent('send-by')))).toEqual(['n1 refused'])
  })

  test('is not sent again what may have been delivered: that ends unconfirmed, and names no other channel', () => {
    const run = startRun()
    silentlyUnknown(run, { unknownPolicy: 'resend' })
    run.policy = { ...run.policy, ...out('C-1') }
    const changes = run.readBarrier(run.now)
    expect(changes.intentions).toEqual([])
    expect(statusesOf(changes).at(-1)).toBe('unconfirmed')
    expect(changes.results.at(-1)).toMatchObject({ terminal: true, fallback: null })
  })

  test('whose answer is awaited ends by it', () => {
    const run = startRun()
    const tag = sendOne(run, ready(1))
    run.policy = { ...run.policy, ...out('C-1') }
    expect(statusesOf(run.report(tag, timedOut))).toEqual(['unknown'])
    run.now += HOUR
    expect(statusesOf(run.readBarrier(run.now))).toEqual(['unconfirmed'])
  })

  test.each([
    ['in another step', false],
    ['in the same step', true],
  ])('does not use up the identity: what is made anew is judged anew (%s)', (_, together) => {
    const run = startRun({ policy: out('C-1') })
    const again = ready(2, { identityKey: 'k1', customerId: 'C-1' })
    const results = together ? said(run.receive(ready(1), again)) : [run.receive(ready(1)), run.receive(again)].flatMap(said)
    expect(results).toEqual(['n1 refused', 'n2 refused'])
    run.policy = { ...run.policy, ...out() }
    expect(said(run.receive(ready(3, { identityKey: 'k1', customerId: 'C-1' })))).toEqual(['n3 sending'])
  })

  test('does not use up the business key either', () => {
    const run = startRun({ policy: out('C-1') })
    const key = { businessKey: 'b', businessWindowMs: HOUR, customerId: 'C-1' }
    run.receive(ready(1, key))
    run.policy = { ...run.policy, ...out() }
    expect(said(run.receive(ready(2, key)))).toEqual(['n2 sending'])
  })

  test('is still refused once when the same record is read again', () => {
    const run = startRun({ policy: out('C-1') })
    run.receive(ready(1))
    run.policy = { ...run.policy, ...out() }
    expect(run.receive(ready(1))).toMatchObject({ results: [], intentions: [] })
  })

  test('does not hold up who comes after them', () => {
    const run = startRun()
    hold(run, ready(1), ready(2, { recipientRef: 'r1' }))
    run.policy = { ...run.policy, ...out('C-1') }
    run.permits = new Map([[MAIN, 1]])
    expect([run.step(), run.step()].flatMap(sentBy)).toEqual(['n2'])
  })
})

test('without a customer id nobody is on the list', () => {
  const run = startRun({ policy: { isOptedOut: () => true } })
  expect(said(run.receive(ready(1, { customerId: null })))).toEqual(['n1 sending'])
})
