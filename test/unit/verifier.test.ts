import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isQuietAt, openFrom } from '../../proof/verifier/quiet.ts'
import { recordOf, tableOf } from '../../proof/verifier/report.ts'
import { RECEIPT_MS } from '../../proof/verifier/rightful-end.ts'
import { verify } from '../../proof/verifier/verify.ts'
import { BREAKS } from './verifier-breaks.ts'
import { HOUR, LANES, QUIET, SECOND, type Tale, tellAll } from './verifier-history.ts'

test('a history in which every promise was kept is not blamed, and says what was found', () => {
  const { breaches, summary } = verify(tellAll().history)
  expect(breaches).toEqual([])
  expect(summary.residuals).toEqual([])
  expect(summary.open).toEqual({ silent: 1, quiet: 1 })
  expect(summary.stranded).toEqual([
    { worker: 'worker-1', partition: 0, epoch: 0, ended: 'killed', unknowns: 1 },
    expect.objectContaining({ worker: 'worker-2', ended: 'planned', unknowns: 0 }),
  ])
  expect(summary.ends).toContainEqual({ end: 'duplicate', from: 1, to: 1, found: 1 })
  expect(summary.ends).toContainEqual({ end: 'cancelled', from: 0, to: 1, found: 1 })
  expect(summary.ends).toContainEqual({ end: 'open', from: 0, to: 5, found: 2 })
  expect(summary.ends.reduce((sum, { found }) => sum + found, 0)).toBe(summary.totals.asked)
})

test.each(BREAKS)('%i is broken by %s, and by nothing else', (invariant, _, told, how) => {
  const tale = tellAll()
  how(tale)
  const { breaches } = verify(tale.history)
  expect([...new Set(breaches.map((each) => each.invariant))], JSON.stringify(breaches)).toEqual([invariant])
  expect(breaches.map(({ where, what }) => `${where}: ${what}`).join('\n')).toMatch(told)
})

const SLACK = 50

/** What looks like a breach, and is none. */
const RIGHTLY: readonly (readonly [what: string, residuals: readonly string[], how: (tale: Tale) => void])[] = [
  [
    'expired by no more than its witness may be wrong',
    ['within-slack'],
    (t) => {
      const story = t.b.asks().sent()
      story.ends('delivered')
      t.history.settings.slackMs = SLACK
      story.asked.expiresAt = (t.history.departures.at(-1)?.wall ?? 0) - SLACK + 1
    },
  ],
  [
    'in quiet hours by no more than its witness may be wrong, at either end',
    ['within-slack', 'within-slack'],
    (t) => {
      t.history.settings.slackMs = SLACK
      for (const wall of ['2026-11-05T21:00:00.010+09:00', '2026-11-05T07:59:59.990+09:00'])
        t.b
          .asks({ quiet: QUIET })
          .sent({ departure: { wall: Date.parse(wall) } })
          .ends('delivered')
    },
  ],
  [
    'at the very end of what its intention is good for, and by the slack beyond it',
    ['within-slack'],
    (t) => {
      t.history.settings.slackMs = SLACK
      for (const late of [0, SLACK]) {
        const at = t.b.at + 2 * SECOND + t.history.settings.sendByMs + late
        t.b.asks().sent({ departure: { at } }).ends('delivered')
      }
    },
  ],
  [
    'called off just by the slack before it started',
    ['within-slack'],
    (t) => {
      t.history.settings.slackMs = 10
      const story = t.b.asks({ subject: 's' }).sent()
      t.b.commit(0, [{ kind: 'mark', subject: 's', cancelledAt: t.b.at, revision: null }])
      story.ends('delivered')
    },
  ],
  [
    'called off while the request was leaving',
    ['within-slack'],
    (t) => {
      t.history.settings.slackMs = SLACK
      const story = t.b.asks({ subject: 's' }).sent()
      t.b.commit(0, [{ kind: 'mark', subject: 's', cancelledAt: t.b.at, revision: null }])
      story.ends('delivered')
    },
  ],
  [
    'late by as long as its worker stood still',
    ['stopped'],
    (t) => {
      const story = t.b.asks({ in: 2 }).sent({ departure: { at: t.b.at + 30 * SECOND } })
      t.b.at += 20 * SECOND
      t.b.lost(t.owners.idle, 'stopped')
      t.b.owned(2, 'worker-4')
      story.becomes('unknown', { status: 'unknown', reason: 'crash' }).ends('delivered')
    },
  ],
  [
    'called off by the next owner only',
    [],
    (t) => {
      const story = t.b.asks({ subject: 's' }).sent({ departure: { at: t.b.at + 2 * SECOND + 10 } })
      t.b.lost(t.owners.third, 'planned')
      t.b.owned(0, 'worker-4')
      t.b.commit(0, [{ kind: 'mark', subject: 's', cancelledAt: t.b.at, revision: null }])
      story.ends('delivered')
    },
  ],
  [
    'paused by the next owner only',
    [],
    (t) => {
      const story = t.b.asks().sent({ departure: { at: t.b.at + 2 * SECOND + 10 } })
      t.b.lost(t.owners.third, 'planned')
      t.b.owned(0, 'worker-4')
      t.b.commit(0, [{ kind: 'pause', channel: 'main', paused: true }])
      story.ends('delivered')
      t.b.commit(0, [{ kind: 'pause', channel: 'main', paused: false }])
    },
  ],
  [
    'silence, though another channel was told meanwhile',
    [],
    (t) => {
      t.silent.becomes('accepted', { status: 'fallback_due' })
      t.waiting.becomes('queued', { status: 'fallback_due' })
    },
  ],
  [
    'an end in the step that found it unknown, so that only the results tell',
    [],
    (t) => {
      for (const each of t.history.journal)
        if (each.kind === 'entry' && each.notificationId === t.unconfirmed.id && each.state === 'unknown') each.state = 'done'
    },
  ],
  [
    'an end at its very instant: called off by what happened at the same time, expired, undelivered, unheard',
    [],
    (t) => {
      const [order] = t.history.orders
      if (order) order.cancelledAt = t.cancelled.asked.eventTime
      for (const result of t.history.results) {
        if (result.position === t.expiring.asked.position && result.terminal) t.expiring.asked.expiresAt = result.decidedAt
        for (const told of [t.undelivered, t.unheard])
          if (result.position === told.asked.position && result.terminal) {
            const post = t.history.posts.find(({ deliveryTag }) => deliveryTag === told.tags[0])
            result.seenAt = (post?.at ?? 0) + RECEIPT_MS
          }
      }
    },
  ],
  [
    'about a subject of which only what is older was called off',
    [],
    (t) => {
      t.b.commit(0, [{ kind: 'mark', subject: 's', cancelledAt: t.b.at, revision: 2 }])
      t.b.asks({ subject: 's', revision: 2 }).sent().ends('delivered')
    },
  ],
  [
    'called off so long ago that it may be forgotten',
    [],
    (t) => {
      t.history.settings.marksForMs = HOUR
      t.b.commit(0, [{ kind: 'mark', subject: 's', cancelledAt: t.b.at, revision: null }])
      t.b.at += 2 * HOUR
      t.b.asks({ subject: 's', eventTime: 0 }).sent().ends('delivered')
    },
  ],
  [
    'the probe of a paused channel',
    [],
    (t) => {
      t.b.commit(0, [{ kind: 'pause', channel: 'main', paused: true, probe: null }])
      const story = t.b.asks().sent()
      const [tag = ''] = story.tags
      const { journal } = t.history
      const last = journal.pop()
      const probed = { kind: 'pause', channel: 'main', paused: true, probe: tag } as const
      if (last)
        journal.push(
          { ...probed, partition: 0, offset: last.offset, committedAt: t.b.at },
          { ...last, offset: last.offset + 0.5 },
        )
      t.b.at += 5
      t.b.commit(0, [probed])
      story.ends('delivered')
      t.b.commit(0, [{ kind: 'pause', channel: 'main', paused: false }])
    },
  ],
  [
    'paused and resumed before it started',
    [],
    (t) => {
      const story = t.b.asks().sent()
      t.b.commit(0, [{ kind: 'pause', channel: 'main', paused: true }])
      t.b.at += 5
      t.b.commit(0, [{ kind: 'pause', channel: 'main', paused: false }])
      story.ends('delivered')
    },
  ],
  [
    'resumed before it started, and known to be so only afterwards',
    [],
    (t) => {
      t.history.settings.commitSlackMs = SECOND
      const story = t.b.asks().sent()
      t.b.commit(0, [{ kind: 'pause', channel: 'main', paused: true }])
      t.b.at += 500
      t.b.commit(0, [{ kind: 'pause', channel: 'main', paused: false }])
      story.ends('delivered')
    },
  ],
  [
    'known to be committed only after it had left',
    [],
    (t) => {
      t.history.settings.commitSlackMs = null
      t.b
        .asks()
        .sent({ departure: { at: t.b.at } })
        .ends('delivered')
    },
  ],
  [
    'sent without a word, where what is on its way is not told',
    [],
    (t) => {
      t.history.settings.progress = false
      const sequences = new Map<string, number>()
      t.history.results = t.history.results.filter(({ status }) => status !== 'sending' && status !== 'unknown')
      for (const result of t.history.results) {
        result.sequence = sequences.get(result.position) ?? 0
        sequences.set(result.position, result.sequence + 1)
      }
    },
  ],
  [
    'sent again in the step that found it unknown, so that only the results tell',
    [],
    (t) => {
      const again = t.history.journal.findIndex(
        (each) => each.kind === 'entry' && each.notificationId === t.resent.id && each.state === 'unknown',
      )
      const entry = t.history.journal[again]
      if (entry?.kind === 'entry') entry.state = 'sending'
    },
  ],
  [
    'two at a full limit, a second apart from the next two',
    [],
    (t) => {
      const at = t.b.at + HOUR
      for (const [place, then] of [at, at + 999, at + 1_000, at + 1_999].entries()) {
        t.b.at = then - 2 * SECOND - 10
        t.b
          .asks({ recipient: `r-${place}` })
          .sent({ departure: { at: then, wall: then } })
          .ends('delivered')
        t.b.at = then
      }
    },
  ],
  [
    'ahead in its line, and called off',
    [],
    (t) => {
      t.b.asks({ recipient: 'y', subject: 's', eventTime: 0 }).queued().asked.quiet = {
        zone: 'UTC',
        from: '00:00',
        until: '00:00',
      }
      t.b.orders(0, { kind: 'cancel', subject: 's', cancelledAt: 1 }, [
        { kind: 'mark', subject: 's', cancelledAt: 1, revision: null },
      ])
      t.b.asks({ recipient: 'y' }).sent().ends('delivered')
    },
  ],
  [
    'what could not be read, and was set aside',
    [],
    (t) => {
      t.history.inputs.push({
        topic: 'requests',
        partition: 0,
        offset: 2.5,
        position: null,
        notificationId: null,
        unreadable: true,
        seenAt: 0,
      })
      t.history.deadLetters.push('requests/0/2.5')
    },
  ],
  [
    'an event that intake read again, and whose first request lies below',
    [],
    (t) => {
      const [first] = t.history.inputs
      if (first) t.history.inputs.push({ ...first, offset: 1_000 })
    },
  ],
  [
    'a request that is known by its position only, or by its notification only',
    [],
    (t) => {
      const [first, second] = t.history.inputs
      if (first) first.notificationId = 'n-made-anew'
      if (second) t.history.inputs.push({ ...second, offset: 1.5, position: 'orders/x/0/0' })
    },
  ],
  [
    'one that is sent again before what is ahead in its line',
    [],
    (t) => {
      const one = t.b.asks({ recipient: 'y' }).queued()
      t.b
        .asks({ recipient: 'y' })
        .sent({ entry: { resend: true } })
        .ends('delivered')
      one.sent().ends('delivered')
    },
  ],
  [
    'memory that rose while it was warming up',
    [],
    (t) => {
      for (const [index, sample] of t.history.memory.entries()) if (index < 1) sample.rssBytes = 1
    },
  ],
  [
    'memory that is not judged',
    [],
    (t) => {
      t.history.settings.memory = null
      for (const [index, sample] of t.history.memory.entries()) sample.rssBytes *= index + 1
    },
  ],
]

test.each(RIGHTLY)('no promise is broken by %s', (_, residuals, how) => {
  const tale = tellAll()
  how(tale)
  const { breaches, summary } = verify(tale.history)
  expect(breaches).toEqual([])
  expect(summary.residuals.map(({ why }) => why)).toEqual(residuals)
})

test('a silent notification is told apart until its day is over', () => {
  const tale = tellAll()
  tale.history.endedAt += RECEIPT_MS / 2
  tale.history.calmFrom = tale.history.endedAt
  expect(verify(tale.history).summary.open.silent).toBe(1)
})

test.each([
  ['one minute before', '2026-11-01T20:59:59.999+09:00', false],
  ['opening edge', '2026-11-01T21:00:00.000+09:00', true],
  ['after midnight', '2026-11-02T00:30:00.000+09:00', true],
  ['before the closing edge', '2026-11-02T07:59:59.999+09:00', true],
  ['closing edge', '2026-11-02T08:00:00.000+09:00', false],
])('%s of 21:00 to 08:00 in Tokyo', (_, at, quiet) => {
  expect(isQuietAt({ zone: 'Asia/Tokyo', from: '21:00', until: '08:00' }, Date.parse(at))).toBe(quiet)
})

test.each([
  ['the first pass of an hour that comes twice', '01:00', '01:30', '2026-11-01T01:15:00-04:00', true],
  ['between the passes of an edge, where the doubt is for quiet', '01:00', '01:30', '2026-11-01T01:45:00-04:00', true],
  ['the second pass', '01:00', '01:30', '2026-11-01T01:15:00-05:00', true],
  ['the end of the second pass', '01:00', '01:30', '2026-11-01T01:30:00-05:00', false],
  ['between the passes of the opening', '01:30', '06:00', '2026-11-01T01:10:00-05:00', true],
  ['before the opening that comes twice', '01:30', '06:00', '2026-11-01T01:29:59-04:00', false],
  ['before an opening that is left out', '02:30', '04:00', '2026-03-08T01:59:59-05:00', false],
  ['after an opening that is left out', '02:30', '04:00', '2026-03-08T03:00:00-04:00', true],
  ['before a close that is left out', '22:00', '02:30', '2026-03-08T01:59:59-05:00', true],
  ['after a close that is left out', '22:00', '02:30', '2026-03-08T03:00:00-04:00', false],
  ['any time of a whole day', '09:00', '09:00', '2026-03-08T03:00:00-04:00', true],
  ['seconds', '09:00:30', '09:00:31', '2026-03-09T09:00:30.999-04:00', true],
])('in New York, where the clocks change: %s', (_, from, until, at, quiet) => {
  expect(isQuietAt({ zone: 'America/New_York', from, until }, Date.parse(at))).toBe(quiet)
})

test('quiet hours end to the minute, and those of a whole day never', () => {
  const at = Date.parse('2026-11-01T23:00:30Z')
  expect(openFrom({ zone: 'UTC', from: '22:00', until: '06:00' }, at)).toBe(Date.parse('2026-11-02T06:00:00Z'))
  expect(openFrom({ zone: 'UTC', from: '06:00', until: '22:00' }, at)).toBe(at)
  expect(openFrom({ zone: 'UTC', from: '06:00', until: '06:00' }, at)).toBe(Number.POSITIVE_INFINITY)
})

test.each<readonly [string, RegExp, (tale: Tale) => void]>([
  [
    'twice the same position',
    /asks twice for orders\/0\/0\/0/,
    ({ history }) => void history.asked.push(...history.asked.slice(0, 1)),
  ],
  ['a result twice', /has results\/0\/\d+ after \d+/, ({ history }) => void history.results.push(...history.results.slice(0, 1))],
  [
    'the journal out of order',
    /has journal\/0\/0 after \d+/,
    ({ history }) => void history.journal.push(...history.journal.slice(0, 1)),
  ],
])('a history that tells %s is not judged: its witnesses are at fault', (_, told, how) => {
  const tale = tellAll()
  how(tale)
  expect(() => verify(tale.history)).toThrow(told)
})

/** Breaks one thing in a tale. */
const broken = (place: number): Tale => {
  const tale = tellAll()
  BREAKS[place]?.[3](tale)
  return tale
}

test('how the partitions of a topic are told one among the other changes nothing', () => {
  fc.assert(
    fc.property(fc.nat(BREAKS.length - 1), fc.array(fc.nat(2), { minLength: 1, maxLength: 50 }), (place, choices) => {
      const tale = broken(place)
      const before = verify(tale.history)
      tale.history.journal = shuffled(tale.history.journal, choices)
      tale.history.results = shuffled(tale.history.results, choices)
      tale.history.inputs = shuffled(tale.history.inputs, choices)
      const after = verify(tale.history)
      const sorted = ({ breaches }: typeof before) => breaches.map((each) => JSON.stringify(each)).sort()
      expect(sorted(after)).toEqual(sorted(before))
      expect(after.summary.ends).toEqual(before.summary.ends)
      expect(after.summary.totals).toEqual(before.summary.totals)
    }),
    { numRuns: 50 },
  )
})

/** Another order, with that within each partition kept. */
const shuffled = <T extends { readonly partition: number }>(items: readonly T[], choices: readonly number[]): T[] => {
  const lists = [0, 1, 2].map((partition) => items.filter((each) => each.partition === partition))
  const order: T[] = []
  for (let turn = 0; order.length < items.length; turn++) {
    const chosen = lists[choices[turn % choices.length] ?? 0]
    const item = (chosen?.length ? chosen : lists.find(({ length }) => length > 0))?.shift()
    if (item) order.push(item)
  }
  return order
}

test('the verifier knows nothing of what it verifies: it imports only its own files', () => {
  const folder = new URL('../../proof/verifier/', import.meta.url)
  for (const name of readdirSync(folder)) {
    const text = readFileSync(new URL(name, folder), 'utf8')
    const imported = [...text.matchAll(/^(?:import\b[^'"]*|export\b[^'"=]*\bfrom\s*)['"]([^'"]+)['"]/gm)].map(([, from]) => from)
    for (const from of imported) expect(from, name).toMatch(/^\.\/[a-z-]+\.ts$/)
    expect(text, name).not.toMatch(/\bimport\s*\(|\brequire\s*\(|import\.meta|\bprocess\./)
  }
})

test('a report for people shows what was kept, and the first breaches of each promise', () => {
  const kept = tableOf(verify(tellAll().history))
  expect(kept).toMatch(/^every promise was kept\n/)
  expect(kept).toMatch(/1 {2}what was asked for ends once, and rightly +\d+ +0\n/)
  expect(kept).toMatch(/\nduplicate +1 +1 +1\n/)
  expect(kept).toMatch(new RegExp(`\n${LANES.main} +2 +1\n`))
  expect(kept).toMatch(/\nworker-1 +0 +0 {2}killed +1\n/)
  const tale = tellAll()
  for (let place = 0; place < 30; place++) tale.history.leaks.push({ spelling: 'digits', place: `log ${place}` })
  const text = tableOf(verify(tale.history))
  expect(text).toMatch(/^30 breaches\n/)
  expect(text).toMatch(/\nBREACH 7: log 19: found, spelled as digits\n {2}and 10 more$/)
})

test('a report for programs is one line, and says how much was left unknown by each kill', () => {
  const tale = tellAll()
  tale.history.leaks.push({ spelling: 'digits', place: 'log' })
  const line = JSON.stringify(recordOf(verify(tale.history)))
  expect(line).not.toMatch(/\n/)
  expect(JSON.parse(line)).toMatchObject({
    kept: false,
    unknownsPerKill: [1],
    residuals: [],
    breaches: [{ invariant: 7, what: 'found, spelled as digits', where: 'log' }],
    totals: { asked: 29, corrections: 2 },
  })
  expect(JSON.parse(line).invariants).toHaveLength(8)
})
