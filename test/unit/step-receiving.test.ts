import { describe, expect, test } from 'vitest'
import { resultIdOf } from '../../src/domain/say.ts'
import { accepted, HOUR, NIGHT, NOON, only, poison, ready, refused, said, sentBy } from './notification-builder.ts'
import { quiet, sendOne, startRun } from './step-run.ts'

describe('a request that may be sent', () => {
  test('is sent at once if there is a permit', () => {
    const run = startRun()
    const changes = run.receive(ready(1, { traceparent: '00-trace' }))
    expect(said(changes)).toEqual(['n1 sending'])
    expect(only(changes.intentions)).toMatchObject({ notificationId: 'n1', lane: 'main/template', traceparent: '00-trace' })
    expect(run.entry('n1')).toMatchObject({ state: 'sending', sentAt: NOON, arrival: 0 })
  })

  test('waits without a word for want of a permit', () => {
    const run = startRun()
    run.permits = new Map()
    const changes = run.receive(ready(1))
    expect(said(changes)).toEqual([])
    expect(changes.intentions).toEqual([])
    expect(run.entry('n1')).toMatchObject({ state: 'queued', status: 'received', sequence: 0 })
  })

  test('in quiet hours waits for their end, and says so', () => {
    const run = startRun()
    run.now = NOON + 12 * HOUR
    const changes = run.receive(ready(1, { quietHours: NIGHT }))
    expect(only(changes.results)).toMatchObject({
      status: 'queued',
      reason: 'quiet-hours',
      releaseAt: NOON + 20 * HOUR,
      terminal: false,
    })
    expect(changes.intentions).toEqual([])
  })

  test.each([
    ['arrived when it was already too old', { staleAt: NOON }, 'max-age'],
    ['is expired', { expiresAt: NOON }, 'expires-at'],
    ['would expire as quiet hours end', { quietHours: quiet('11:00', '13:00'), expiresAt: NOON + HOUR }, 'quiet-hours'],
  ])('that %s expires, and is never sent', (_, changes, reason) => {
    const run = startRun()
    const { results, intentions } = run.receive(ready(1, changes))
    expect(only(results)).toMatchObject({ status: 'expired', reason, terminal: true, sequence: 0 })
    expect(intentions).toEqual([])
    expect(run.entry('n1')).toMatchObject({ state: 'done', sealed: null, terminalSequence: 0 })
  })

  test.each([
    ['is not yet too old', { staleAt: NOON + 1 }],
    ['expires in a moment', { expiresAt: NOON + 1 }],
  ])('that %s is sent', (_, changes) => expect(sentBy(startRun().receive(ready(1, changes)))).toEqual(['n1']))

  test('that expires after quiet hours end is held', () => {
    const run = startRun()
    run.receive(ready(1, { quietHours: quiet('11:00', '13:00'), expiresAt: NOON + HOUR + 1 }))
    expect(run.entry('n1')).toMatchObject({ state: 'queued', releaseAt: NOON + HOUR })
  })
})

describe('what intake redelivers', () => {
  test.each([
    ['sent', ready(1)],
    ['refused', refused(1)],
    ['poison', poison(1)],
    ['expired', ready(1, { staleAt: 0 })],
  ])('is silent if it was %s before', (_, request) => {
    const run = startRun()
    run.receive(request)
    const before = run.entry('n1')
    const changes = run.receive(request)
    expect(changes.results).toEqual([])
    expect(changes.intentions).toEqual([])
    expect(run.entry('n1')).toEqual(before)
    expect(changes.position.requests).toBe(2)
  })

  test('is silent within one step, too', () => expect(said(startRun().receive(ready(1), ready(1)))).toEqual(['n1 sending']))

  test('of a duplicate is silent', () => {
    const run = startRun()
    run.receive(ready(1), ready(2, { identityKey: 'k1' }))
    expect(run.receive(ready(2, { identityKey: 'k1' })).results).toEqual([])
  })

  test('is silent after it has ended', () => {
    const run = startRun()
    run.report(sendOne(run, ready(1)), accepted)
    expect(run.receive(ready(1)).results).toEqual([])
  })
})

describe('another record of a known identity', () => {
  test.each([
    ['in the same step', (run: ReturnType<typeof startRun>) => run.receive(ready(1), ready(2, { identityKey: 'k1' }))],
    [
      'later',
      (run: ReturnType<typeof startRun>) => {
        run.receive(ready(1))
        return run.receive(ready(2, { identityKey: 'k1' }))
      },
    ],
    [
      'after the first has ended',
      (run: ReturnType<typeof startRun>) => {
        run.report(sendOne(run, ready(1)), accepted)
        return run.receive(ready(2, { identityKey: 'k1' }))
      },
    ],
  ])('%s is a duplicate that names the first and is not sent', (_, receive) => {
    const run = startRun()
    const { results, intentions } = receive(run)
    const own = results.filter(({ notificationId }) => notificationId === 'n2')
    expect(only(own)).toMatchObject({ status: 'duplicate', terminal: true, duplicateOf: 'n1', sequence: 0, route: 'bill' })
    expect(sentBy({ intentions })).not.toContain('n2')
    expect(run.entry('n2')).toMatchObject({ state: 'done', notification: null, sealed: null, terminalSequence: 0 })
  })

  test('leaves the identity with the first: a third one names it as well', () => {
    const run = startRun()
    const { results } = run.receive(ready(1), ready(2, { identityKey: 'k1' }), ready(3, { identityKey: 'k1' }))
    expect(results.map(({ duplicateOf }) => duplicateOf).filter(Boolean)).toEqual(['n1', 'n1'])
  })

  test('is sent if the first was refused: a mended route can be replayed', () => {
    const run = startRun()
    run.receive(refused(1))
    expect(sentBy(run.receive(ready(2, { identityKey: 'k1' })))).toEqual(['n2'])
  })
})

describe('what must not be sent', () => {
  test('if refused, ends with everything that is known of it', () => {
    const run = startRun()
    expect(only(run.receive(refused(1)).results)).toMatchObject({
      status: 'refused',
      terminal: true,
      reason: 'unusable-phone',
      detail: 'customer.phone: "9999" (4 characters)',
      customerId: 'C-1',
      route: 'bill',
      channel: 'main',
      purpose: 'bill-finalized',
      fallback: 'email',
      receivedAt: NOON - 1_000,
      decidedAt: NOON,
      attempts: 0,
      sentAt: null,
      releaseAt: null,
      event: { id: 'e1' },
    })
    expect(run.entry('n1')).toMatchObject({ state: 'done', status: 'refused', sequence: 1, terminalSequence: 0, sealed: null })
  })

  test('if it could not be read, ends as poison with its position', () => {
    expect(only(startRun().receive(poison(1)).results)).toMatchObject({
      status: 'poison',
      terminal: true,
      reason: 'undecodable',
      position: { topic: 'bills', partition: 1, offset: 1, index: 0 },
      customerId: null,
    })
  })
})

describe('the position', () => {
  const report = { deliveryTag: 'unheard-of', outcome: accepted, at: NOON }

  test.each([
    ['a request', { kind: 'request', offset: 4, request: poison(1) }, { requests: 5, feedback: 0 }],
    ['a handover', { kind: 'feedback', offset: 4, feedback: { kind: 'handover', report } }, { requests: 0, feedback: 5 }],
    [
      "a stranger's barrier",
      { kind: 'feedback', offset: 4, feedback: { kind: 'barrier', epoch: 1, at: NOON } },
      { requests: 0, feedback: 5 },
    ],
    ['an unreadable request', { kind: 'unreadable', topic: 'requests', offset: 4 }, { requests: 5, feedback: 0 }],
    ['unreadable feedback', { kind: 'unreadable', topic: 'feedback', offset: 4 }, { requests: 0, feedback: 5 }],
    ['an outcome', { kind: 'outcome', report }, { requests: 0, feedback: 0 }],
  ] as const)('after %s is where to read on', (_, input, position) => expect(startRun().step(input).position).toEqual(position))

  test('stays without inputs', () => {
    const run = startRun()
    run.receive(poison(1))
    expect(run.step().position).toEqual({ requests: 1, feedback: 0 })
  })

  test('what cannot be read is named for the dead letters', () => {
    const inputs = [
      { kind: 'unreadable', topic: 'requests', offset: 0 },
      { kind: 'unreadable', topic: 'feedback', offset: 9 },
    ] as const
    expect(startRun().step(...inputs).unreadable).toEqual([
      { topic: 'requests', offset: 0 },
      { topic: 'feedback', offset: 9 },
    ])
  })
})

describe('reports of nobody’s intention', () => {
  test('are counted, and change nothing', () => {
    const run = startRun()
    sendOne(run, ready(1))
    const before = run.entry('n1')
    expect(run.report('t_3_0123456789ab_7_zz', accepted)).toMatchObject({ strays: 1, entries: [], results: [] })
    expect(run.handOver('somebody-else', accepted)).toMatchObject({ strays: 1, entries: [], results: [] })
    expect(run.entry('n1')).toEqual(before)
  })

  test('what is told twice is no stray', () => {
    const run = startRun()
    const tag = sendOne(run, ready(1))
    expect(run.report(tag, accepted).strays).toBe(0)
    expect(run.handOver(tag, accepted)).toMatchObject({ strays: 0, results: [] })
  })
})

describe('results', () => {
  test('count from 0 without a gap, each under its own name', () => {
    const run = startRun()
    run.now = NOON + 12 * HOUR
    const { results } = run.receive(ready(1, { quietHours: NIGHT }))
    run.now = NOON + 20 * HOUR
    const sending = run.step()
    const ended = run.report(only(sending.intentions).deliveryTag, accepted)
    const all = [...results, ...sending.results, ...ended.results]
    expect(all.map(({ status, sequence }) => `${sequence} ${status}`)).toEqual(['0 queued', '1 sending', '2 accepted'])
    expect(all.map(({ resultId }) => resultId)).toEqual([0, 1, 2].map((sequence) => resultIdOf('n1', sequence)))
    expect(run.entry('n1')).toMatchObject({ sequence: 3, terminalSequence: 2 })
  })

  test('of what is on its way are left out if the configuration says so, and leave no gap', () => {
    const run = startRun({ policy: { progress: false } })
    run.now = NOON + 12 * HOUR
    const held = run.receive(ready(1, { quietHours: NIGHT }))
    run.now = NOON + 20 * HOUR
    const sending = run.step()
    expect([...held.results, ...sending.results]).toEqual([])
    const ended = run.report(only(sending.intentions).deliveryTag, accepted)
    expect(only(ended.results)).toMatchObject({ status: 'accepted', sequence: 0, terminal: true })
    expect(run.entry('n1')).toMatchObject({ status: 'accepted', sequence: 1, terminalSequence: 0 })
  })

  test('have another name for another notification or sequence', () => {
    const names = [resultIdOf('n1', 0), resultIdOf('n1', 1), resultIdOf('n10', 0), resultIdOf('n2', 0)]
    expect(new Set(names).size).toBe(4)
    expect(names[0]).toMatch(/^[0-9a-f]{32}$/)
  })
})
