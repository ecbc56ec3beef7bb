import { describe, expect, test } from 'vitest'
import { laneOf } from '../../src/domain/entry.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import { isStillWanted } from '../../src/domain/release.ts'
import { HOUR, notSent, only, ready, said, statusesOf } from './notification-builder.ts'
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
    expect(run.entry('n1')).toMatchObject({ state: 'done', sealed: null, reachedAt: null })
  })

  test('knows duplicates, as a live one does', () => {
    const run = startRun()
    run.report(sendOne(run, ready(1)), withheld)
    expect(said(run.receive(ready(2, { identityKey: 'k1' })))).toEqual(['n2 duplicate'])
  })

  test('has told nobody: who is told only of what they were told before is not', () => {
    const run = startRun()
    run.report(sendOne(run, ready(1, { subject: 'incident/1', revision: 1 })), withheld)
    const restored = ready(2, { recipientRef: 'r1', subject: 'incident/1', revision: 2, onlyIfNotified: true })
    expect(said(run.receive(restored))).toEqual(['n2 cancelled'])
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
    expect(run.entry('n1').reachedAt).toBeNull()
  })
})
