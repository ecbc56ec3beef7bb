import { describe, expect, test } from 'vitest'
import { laneOf } from '../../src/domain/entry.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import { isStillWanted } from '../../src/domain/release.ts'
import { HOUR, notSent, only, ready, refused, said, statusesOf } from './notification-builder.ts'
import { hold, order, sendOne, silentlyUnknown, startRun } from './step-run.ts'

/** On channel main only these get anything. */
const onlyTo = (...refs: readonly string[]) => ({
  mayReach: (channel: string, recipientRef: string) => channel !== 'main' || refs.includes(recipientRef),
})

const withheld: Outcome = { kind: 'withheld', requestId: null }

describe('a channel that is limited to an allow-list', () => {
  test('sends to those on it, and refuses the rest at arrival, with that reason and no other channel', () => {
    const run = startRun({ policy: onlyTo('r2') })
    const changes = run.receive(ready(1), ready(2))
    expect(said(changes)).toEqual(['n1 refused', 'n2 sending'])
    expect(changes.results[0]).toMatchObject({ reason: 'not-on-allow-list', terminal: true, recipientRef: 'r1', fallback: null })
    expect(run.entry('n1')).toMatchObject({ state: 'done', sealed: null, notification: null })
  })

  test('hints at no other channel for those who are not on it, whoever refused them', () => {
    const run = startRun({ policy: onlyTo('r2') })
    expect(run.receive(refused(1), refused(2, { recipientRef: 'r2' })).results).toMatchObject([
      { fallback: null },
      { fallback: 'email' },
    ])
  })

  test('limits no other channel', () => {
    const run = startRun({ policy: onlyTo() })
    run.permits = new Map([[laneOf({ channel: 'support', endpoint: 'template' }), 1]])
    expect(said(run.receive(ready(1, { channel: 'support' })))).toEqual(['n1 sending'])
  })

  test('refuses at release what came before the list was there', () => {
    const run = startRun()
    hold(run, ready(1), ready(2))
    run.policy = { ...run.policy, ...onlyTo('r2') }
    expect(said(run.step())).toEqual(['n1 refused', 'n2 sending'])
  })

  test('does not send what was committed under another policy and has not left', () => {
    const run = startRun()
    const intention = only(run.receive(ready(1)).intentions)
    expect(isStillWanted(run.store, intention, { ...run.policy, ...onlyTo('r1') })).toBe(true)
    expect(isStillWanted(run.store, intention, { ...run.policy, ...onlyTo('r2') })).toBe(false)
    run.policy = { ...run.policy, ...onlyTo('r2') }
    expect(said(run.report(intention.deliveryTag, notSent('send-by')))).toEqual(['n1 refused'])
  })

  test('does not use up the identity: on a longer list, what is produced anew is sent', () => {
    const run = startRun({ policy: onlyTo() })
    run.receive(ready(1))
    run.policy = { ...run.policy, ...onlyTo('r1') }
    expect(said(run.receive(ready(2, { identityKey: 'k1', recipientRef: 'r1' })))).toEqual(['n2 sending'])
  })
})

describe('a live channel sends only what LINE has reviewed', () => {
  const live = { wantsReview: (channel: string) => channel === 'main' }

  test('what was made before the review, while it was a shadow, is refused when its time comes', () => {
    const run = startRun()
    hold(run, ready(1, { reviewed: false }), ready(2))
    run.policy = { ...run.policy, ...live }
    const changes = run.step()
    expect(said(changes)).toEqual(['n1 refused', 'n2 sending'])
    expect(changes.results[0]).toMatchObject({ reason: 'not-reviewed', terminal: true, fallback: null })
  })

  test('and at arrival; on another channel it goes', () => {
    const run = startRun({ policy: live })
    run.permits = new Map([[laneOf({ channel: 'support', endpoint: 'template' }), 1]])
    const elsewhere = ready(2, { channel: 'support', reviewed: false })
    expect(said(run.receive(ready(1, { reviewed: false }), elsewhere))).toEqual(['n1 refused', 'n2 sending'])
  })

  test('it may be produced anew once it is reviewed', () => {
    const run = startRun({ policy: live })
    run.receive(ready(1, { reviewed: false }))
    expect(said(run.receive(ready(2, { identityKey: 'k1' })))).toEqual(['n2 sending'])
  })
})

describe('a shadow channel', () => {
  const shadow = { isShadow: (channel: string) => channel === 'main' }

  test('does everything but the call: what was decided to be sent ends refused, with no attempt and no cost', () => {
    const run = startRun({ policy: { cost: () => ({ tenThousandths: 30_000, currency: 'JPY' }) } })
    const tag = sendOne(run, ready(1))
    const changes = run.report(tag, withheld)
    expect(statusesOf(changes)).toEqual(['refused'])
    expect(changes.results[0]).toMatchObject({
      reason: 'shadow',
      terminal: true,
      attempts: 0,
      sentAt: run.now,
      cost: null,
      fallback: null,
    })
    expect(run.entry('n1')).toMatchObject({ state: 'done', sealed: null, attempts: 0 })
  })

  test('knows duplicates, as a live one does', () => {
    const run = startRun()
    run.report(sendOne(run, ready(1)), withheld)
    expect(said(run.receive(ready(2, { identityKey: 'k1' })))).toEqual(['n2 duplicate'])
  })

  const outage = ready(1, { subject: 'incident/1', revision: 1 })
  const restored = ready(2, { recipientRef: 'r1', subject: 'incident/1', revision: 2, onlyIfNotified: true })

  test('counts what it would have sent: spacing, the cap of the day, and who was told before', () => {
    const run = startRun({ policy: { ...shadow, perDay: 1 } })
    run.report(sendOne(run, outage), withheld)
    expect(said(run.receive(restored))).toEqual(['n2 queued'])
    expect(run.entry('n2').status).toBe('queued')
    run.now += 25 * HOUR
    expect(said(run.step())).toEqual(['n2 sending'])
  })

  test('that has become live has told nobody: who is told only of what they were told before is not, and no cap is used up', () => {
    const run = startRun({ policy: { ...shadow, perDay: 1 } })
    run.report(sendOne(run, outage), withheld)
    run.policy = { ...run.policy, isShadow: () => false }
    expect(said(run.receive(restored, ready(3, { recipientRef: 'r1' })))).toEqual(['n2 cancelled', 'n3 sending'])
  })

  test('hints at no other channel, neither when it is time nor where intake refused: that one may be live', () => {
    const run = startRun({ policy: shadow })
    hold(run, ready(1, { fallbackAfterMs: HOUR, unknownPolicy: 'give-up' }))
    run.permits = new Map()
    run.now += HOUR
    expect(said(run.step())).toEqual([])
    expect(run.receive(refused(2)).results).toMatchObject([{ status: 'refused', fallback: null }])
  })

  test('of what may have been delivered before it was one says no more than that nobody knows', () => {
    const cost = () => ({ tenThousandths: 30_000, currency: 'JPY' })
    const run = startRun({ policy: { cost } })
    silentlyUnknown(run, { unknownPolicy: 'resend' })
    run.policy = { ...run.policy, ...shadow }
    const again = only(run.readBarrier(run.now).intentions)
    expect(run.report(again.deliveryTag, withheld).results).toMatchObject([
      { status: 'unconfirmed', terminal: true, cost: { tenThousandths: 30_000 } },
    ])
  })

  test('proves nothing of a channel that LINE refuses: the pause stays', () => {
    const run = startRun()
    run.report(sendOne(run, ready(1)), notSent('forbidden'))
    expect(run.store.pause('main')).toMatchObject({ cause: 'forbidden' })
    run.now += HOUR
    const probe = only(run.step().intentions)
    run.report(probe.deliveryTag, withheld)
    expect(run.store.pause('main')).toMatchObject({ cause: 'forbidden' })
    run.receive(order('resume'))
    expect(run.store.pause('main')).toBeUndefined()
  })

  test('tells the truth late, too: what nobody could say of a crashed attempt was not sent', () => {
    const run = startRun()
    const tag = silentlyUnknown(run)
    expect(statusesOf(run.readBarrier(run.now))).toEqual(['unconfirmed'])
    const [correction] = run.handOver(tag, withheld).results
    expect(correction).toMatchObject({ status: 'refused', reason: 'shadow', corrects: expect.any(String) })
  })
})
