import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import type { Entry } from '../../src/domain/entry.ts'
import { keyOfCoverage, keyOfEntry, keyOfMark, keyOfPause } from '../../src/domain/journal-key.ts'
import type { Mark } from '../../src/domain/mark.ts'
import type { Pause } from '../../src/domain/pause.ts'
import type { StateChanges, Store } from '../../src/domain/state.ts'
import { entryOf, HOUR, MAIN } from './notification-builder.ts'
import { createNaiveStore, historyOfCommits } from './store-model.ts'
import { dueAt, idsOf, viewOf } from './store-view.ts'

const EVER = Number.MAX_SAFE_INTEGER
const DAY = 24 * HOUR

/** What every store promises: run it on each kind of them. */
export const storeSuite = (name: string, createStore: () => Store): void => {
  const open: Store[] = []
  const storeWith = (changes: StateChanges): Store => {
    const store = createStore()
    open.push(store)
    store.apply(changes, 1)
    return store
  }
  const storeOf = (...entries: readonly Entry[]): Store => storeWith({ entries })
  const waitingIn = (store: Store, now = EVER) => idsOf(store.waiting(MAIN, now))
  afterEach(() => {
    for (const store of open.splice(0)) store.close()
  })

  describe(name, () => {
    test('at first holds nothing, has no position and resumes from the start', () => {
      const store = createStore()
      open.push(store)
      expect(store.position()).toBeUndefined()
      expect(store.resumeFrom()).toBe(0)
      expect(store.get('n1')).toBeUndefined()
      expect(store.byIdentity('k1')).toBeUndefined()
      expect(store.byBusinessKey('b1')).toBeUndefined()
      expect(store.byTag('t1')).toBeUndefined()
      expect(store.mark('incident/1')).toBeUndefined()
      expect(store.pause('main')).toBeUndefined()
      expect([...store.pauses()]).toEqual([])
      expect([...store.pendingMarks()]).toEqual([])
      expect([...store.forgettable(EVER)]).toEqual([])
      expect(store.nextForget()).toBeUndefined()
      expect(store.nextWake(0)).toBeUndefined()
      expect(store.count()).toEqual({ queued: 0, sending: 0, unknown: 0, accepted: 0, done: 0 })
      expect(dueAt(store, MAIN, EVER)).toEqual({ waiting: [], expired: [], inFlight: [], unsettled: [], fallbackDue: [] })
    })

    test('keeps the last position it was given, and entries do not move it', () => {
      const store = storeWith({ position: { requests: 4, feedback: 2 } })
      store.apply({ entries: [entryOf(1)] }, 2)
      expect(store.position()).toEqual({ requests: 4, feedback: 2 })
      store.apply({ position: { requests: 5, feedback: 2 } }, 3)
      expect(store.position()).toEqual({ requests: 5, feedback: 2 })
    })

    test('gives back an entry as it was put, and only the last one of it', () => {
      const entry = entryOf(1, { state: 'unknown', settleAt: 5, deliveryTag: 't2', pastTags: ['t1'], attempts: 2 })
      const store = storeOf(entryOf(1), entry)
      expect(store.get('n1')).toEqual(entry)
      expect(store.byIdentity('k1')).toEqual(entry)
      expect(store.byTag('t1')).toEqual(entry)
      expect(store.byTag('t2')).toEqual(entry)
      expect(store.count()).toEqual({ queued: 0, sending: 0, unknown: 1, accepted: 0, done: 0 })
    })

    test('finds by identity only who claims it, ended or not', () => {
      const store = storeOf(entryOf(1, { state: 'done' }), entryOf(2, { state: 'done', notification: null }))
      expect(store.byIdentity('k1')?.notificationId).toBe('n1')
      expect(store.byIdentity('k2')).toBeUndefined()
    })

    test('finds by business key the last to arrive of those that claim it', () => {
      const of = { businessKey: 'b' }
      const store = storeOf(entryOf(2, { state: 'done', status: 'accepted' }, of), entryOf(3, {}, of), entryOf(1, {}, of))
      expect(store.byBusinessKey('b')?.notificationId).toBe('n3')
      store.apply({ entries: [entryOf(3, { state: 'done', status: 'cancelled' }, of)] }, 2)
      expect(store.byBusinessKey('b')?.notificationId).toBe('n2')
      expect(store.byIdentity('k3')?.notificationId).toBe('n3')
    })

    test('lets wait in the order of departure: urgent, then by release, then by arrival', () => {
      const store = storeOf(
        entryOf(4, { releaseAt: 2 }),
        entryOf(3, { releaseAt: 1 }),
        entryOf(2, { releaseAt: 1 }),
        entryOf(5, { releaseAt: 2 }, { urgent: true }),
        entryOf(6, { releaseAt: 1 }, { urgent: true }),
        entryOf(1, { releaseAt: 1 }, { endpoint: 'flexible' }),
      )
      expect(waitingIn(store, 2)).toEqual(['n6', 'n5', 'n2', 'n3', 'n4'])
    })

    test.each([
      ['does not wait for departure before its release', { releaseAt: 10 }, 9, []],
      ['waits for departure from its release on', { releaseAt: 10 }, 10, ['n1']],
      ['does not wait for departure while it backs off', { releaseAt: 5, notBefore: 10 }, 9, []],
      ['waits for departure when it has backed off', { releaseAt: 5, notBefore: 10 }, 10, ['n1']],
      ['does not wait for departure when it has ended', { releaseAt: 5, state: 'done' }, 10, []],
    ] as const)('an entry %s', (_, changes, now, waiting) => {
      expect(waitingIn(storeOf(entryOf(1, changes)), now)).toEqual(waiting)
    })

    test('an entry that has backed off does so again when the clock goes back', () => {
      const store = storeOf(entryOf(1, { releaseAt: 1, notBefore: 10 }))
      expect(waitingIn(store, 10)).toEqual(['n1'])
      expect(waitingIn(store, 9)).toEqual([])
      expect(store.nextWake(9)).toBe(10)
      expect(waitingIn(store, 10)).toEqual(['n1'])
    })

    const one = { recipientRef: 'one' }
    test('of a line only the first waits, and the next when that one has left it', () => {
      const store = storeOf(
        entryOf(2, { releaseAt: 1 }, one),
        entryOf(1, { releaseAt: 1 }, one),
        entryOf(3, { releaseAt: 0 }, one),
      )
      const line = { ...one, channel: 'main', urgent: false }
      expect(idsOf(store.inLine(line))).toEqual(['n3', 'n1', 'n2'])
      expect(waitingIn(store)).toEqual(['n3'])
      store.apply({ entries: [entryOf(3, { state: 'done' }, one)] }, 2)
      expect(waitingIn(store)).toEqual(['n1'])
      store.apply({ forgotten: [keyOfEntry('n1')] }, 3)
      expect(waitingIn(store)).toEqual(['n2'])
    })

    test('whoever comes before the first of a line takes its turn', () => {
      const store = storeOf(entryOf(1, { releaseAt: 5 }, one))
      store.apply({ entries: [entryOf(2, { releaseAt: 4 }, one), entryOf(3, { releaseAt: 3 }, one)] }, 2)
      expect(waitingIn(store)).toEqual(['n3'])
    })

    test('the first of a line holds up the rest while it backs off or is to be released later', () => {
      const store = storeOf(entryOf(1, { releaseAt: 1, notBefore: 10 }, one), entryOf(2, { releaseAt: 2 }, one))
      expect(waitingIn(store, 9)).toEqual([])
      expect(waitingIn(store, 10)).toEqual(['n1'])
    })

    test('urgent ones and other channels are lines of their own', () => {
      const store = storeOf(
        entryOf(1, {}, one),
        entryOf(2, {}, { ...one, urgent: true }),
        entryOf(3, {}, { ...one, channel: 'other' }),
        entryOf(4, {}, { ...one, endpoint: 'flexible' }),
      )
      expect(waitingIn(store)).toEqual(['n2', 'n1'])
      expect(idsOf(store.inLine({ ...one, channel: 'main', urgent: false }))).toEqual(['n1', 'n4'])
    })

    test('a resend waits beside its line', () => {
      const store = storeOf(entryOf(1, { resend: true }, one), entryOf(2, { releaseAt: 0 }, one))
      expect(waitingIn(store)).toEqual(['n2', 'n1'])
      expect(idsOf(store.inLine({ ...one, channel: 'main', urgent: false }))).toEqual(['n2'])
    })

    test('nothing to a recipient waits while something is under way to them, on whatever channel', () => {
      const other = { ...one, channel: 'other' }
      const store = storeOf(
        entryOf(1, {}, one),
        entryOf(2, {}, { ...one, urgent: true }),
        entryOf(3, { resend: true }, one),
        entryOf(4, {}, { recipientRef: 'two' }),
      )
      store.apply({ entries: [entryOf(5, { state: 'sending', sentAt: 1 }, other)] }, 2)
      expect(waitingIn(store)).toEqual(['n4'])
      expect(idsOf(store.sendingTo('one'))).toEqual(['n5'])
      expect(store.nextWake(0)).toBe(entryOf(4).releaseAt)
      store.apply({ entries: [entryOf(5, { state: 'unknown', settleAt: 1 }, other)] }, 3)
      expect(waitingIn(store)).toEqual(['n2', 'n1', 'n3', 'n4'])
      expect(idsOf(store.sendingTo('one'))).toEqual([])
    })

    test('the turn goes down a long line one by one, whatever comes at its end', () => {
      const length = 40
      const at = (n: number) => entryOf(n, { releaseAt: n }, one)
      const store = storeOf(...Array.from({ length }, (_, n) => at(n)).toReversed())
      for (let n = 0; n < length; n++) {
        expect(waitingIn(store)).toEqual([`n${n}`])
        store.apply({ entries: [entryOf(n, { state: 'done' }, one), at(length + n)] }, n)
      }
    })

    test('says to whom something went after a given time: now under way, or the last time', () => {
      const store = storeOf(
        entryOf(1, { state: 'sending', sentAt: 10, reachedAt: 1 }, one),
        entryOf(2, { state: 'queued', sentAt: 11, reachedAt: null }, one),
        entryOf(3, { state: 'done', sentAt: 4, reachedAt: 5 }, one),
        entryOf(4, { state: 'sending', sentAt: 10 }, { recipientRef: 'two' }),
      )
      expect(idsOf(store.reached('one', 4)).sort()).toEqual(['n1', 'n3'])
      expect(idsOf(store.reached('one', 5))).toEqual(['n1'])
      expect(idsOf(store.reached('one', 10))).toEqual([])
    })

    test('finds about a subject what is queued, and nothing else', () => {
      const of = { subject: 'incident/1' }
      const store = storeOf(entryOf(1, {}, of), entryOf(2, { state: 'sending' }, of), entryOf(3, {}, { subject: 'incident/2' }))
      expect(idsOf(store.queuedAbout('incident/1'))).toEqual(['n1'])
    })

    test('remembers the last mark of a subject, and names those that are pending', () => {
      const store = storeWith({ marks: [markOf('a', { pending: true }), markOf('b', { pending: true }), markOf('b')] })
      expect(store.mark('a')).toEqual(markOf('a', { pending: true }))
      expect(store.mark('b')).toEqual(markOf('b'))
      expect([...store.pendingMarks()]).toEqual([markOf('a', { pending: true })])
    })

    test('remembers the pause of a channel until it is forgotten, and wakes to probe it', () => {
      const store = storeWith({ pauses: [pauseOf('main', { probeAt: 10 }), pauseOf('other')] })
      expect(store.pause('main')).toEqual(pauseOf('main', { probeAt: 10 }))
      expect(store.nextWake(9)).toBe(10)
      expect(store.nextWake(10)).toBeUndefined()
      store.apply({ forgotten: [keyOfPause('main')] }, 2)
      expect([...store.pauses()]).toEqual([pauseOf('other')])
      expect(store.nextWake(9)).toBeUndefined()
    })

    test('names as forgettable what has ended and is not to be kept any longer', () => {
      const store = storeWith({
        entries: [
          entryOf(1, { state: 'done', keepUntil: DAY + 10 }),
          entryOf(2, { state: 'done', keepUntil: DAY + 20 }),
          entryOf(3, { keepUntil: DAY + 10 }),
        ],
        marks: [markOf('a', { forgetAt: 9 }), markOf('b', { forgetAt: 9, pending: true })],
      })
      expect(store.nextForget()).toBe(9)
      expect([...store.forgettable(8)]).toEqual([])
      expect([...store.forgettable(9)]).toEqual([keyOfMark('a')])
      expect([...store.forgettable(DAY + 10)].sort()).toEqual([keyOfEntry('n1'), keyOfMark('a')])
      expect([...store.forgettable(DAY + 20)].sort()).toEqual([keyOfEntry('n1'), keyOfEntry('n2'), keyOfMark('a')])
      store.apply({ forgotten: [keyOfEntry('n1'), keyOfMark('a')] }, 2)
      expect(store.nextForget()).toBe(DAY + 20)
    })

    test('knows nothing more of what was forgotten, and its keys are free', () => {
      const tagged = { state: 'done', deliveryTag: 't2', pastTags: ['t1'], reachedAt: 3 } as const
      const store = storeOf(entryOf(1, tagged, { businessKey: 'b', recipientRef: 'one' }))
      store.apply({ forgotten: [keyOfEntry('n1'), keyOfEntry('n9'), keyOfMark('nothing')] }, 2)
      expect([store.get('n1'), store.byIdentity('k1'), store.byBusinessKey('b'), store.byTag('t1'), store.byTag('t2')]).toEqual(
        Array(5).fill(undefined),
      )
      expect(idsOf(store.reached('one', 0))).toEqual([])
      expect(store.count()).toEqual({ queued: 0, sending: 0, unknown: 0, accepted: 0, done: 0 })
      store.apply({ entries: [entryOf(1, { arrival: 7 })] }, 3)
      expect(store.byIdentity('k1')?.arrival).toBe(7)
    })

    test('what is forgotten and written anew in one change is there', () => {
      const store = storeOf(entryOf(1, { state: 'done' }))
      store.apply({ forgotten: [keyOfEntry('n1')], entries: [entryOf(1, { arrival: 7 })] }, 2)
      expect(store.get('n1')?.arrival).toBe(7)
    })

    test('names as expired only what is queued and whose time is over', () => {
      const of = { expiresAt: 10 }
      const store = storeOf(
        entryOf(1, {}, of),
        entryOf(2, { state: 'sending' }, of),
        entryOf(3, { state: 'unknown', settleAt: 99 }, of),
        entryOf(4, { state: 'done' }, of),
        entryOf(5, {}, { expiresAt: 11 }),
        entryOf(6),
      )
      expect(idsOf(store.expired(9))).toEqual([])
      expect(idsOf(store.expired(10))).toEqual(['n1'])
    })

    test('names as unsettled also what was accepted, of each channel apart', () => {
      const store = storeOf(
        entryOf(1, { state: 'accepted', settleAt: 10 }),
        entryOf(2, { state: 'unknown', settleAt: 9 }, { channel: 'other' }),
        entryOf(3, { state: 'done', settleAt: 9 }),
      )
      expect([...store.unsettledChannels()].sort()).toEqual(['main', 'other'])
      expect(idsOf(store.unsettled('main', 9))).toEqual([])
      expect(idsOf(store.unsettled('main', 10))).toEqual(['n1'])
      expect(idsOf(store.unsettled('other', 10))).toEqual(['n2'])
      expect(idsOf(store.unsettled('third', 10))).toEqual([])
      store.apply({ entries: [entryOf(1, { state: 'done' })] }, 2)
      expect([...store.unsettledChannels()]).toEqual(['other'])
    })

    test('remembers when somebody listened, of each channel what was said last', () => {
      const store = storeWith({
        coverages: [
          { channel: 'main', spans: [{ from: 1, until: 2 }], holes: [] },
          { channel: 'other', spans: [], holes: [] },
        ],
      })
      const latest = { channel: 'main', spans: [{ from: 1, until: 3 }], holes: [{ from: 3, until: 4 }] }
      store.apply({ coverages: [latest] }, 2)
      expect(store.coverage('main')).toEqual(latest)
      expect([...store.coverages()].map(({ channel }) => channel).sort()).toEqual(['main', 'other'])
      expect(store.coverage('third')).toBeUndefined()
      store.apply({ forgotten: [keyOfCoverage('main')] }, 3)
      expect([...store.coverages()].map(({ channel }) => channel)).toEqual(['other'])
    })

    test('names as unsettled only what is unknown and has waited long enough', () => {
      const store = storeOf(entryOf(1, { state: 'unknown', settleAt: 10 }), entryOf(2, { state: 'unknown', settleAt: 11 }))
      expect(idsOf(store.unsettled('main', 9))).toEqual([])
      expect(idsOf(store.unsettled('main', 10))).toEqual(['n1'])
      store.apply({ entries: [entryOf(1, { state: 'done' })] }, 2)
      expect(idsOf(store.unsettled('main', 10))).toEqual([])
    })

    test('names as due for another channel what says so, in whatever state', () => {
      const store = storeOf(entryOf(1, { fallbackAt: 10 }), entryOf(2, { state: 'sending', fallbackAt: 10 }), entryOf(3))
      expect(idsOf(store.fallbackDue(9))).toEqual([])
      expect(idsOf(store.fallbackDue(10)).sort()).toEqual(['n1', 'n2'])
      store.apply({ entries: [entryOf(1), entryOf(2, { fallbackAt: 11 })] }, 2)
      expect(idsOf(store.fallbackDue(10))).toEqual([])
    })

    test.each([
      ['a release', [entryOf(1, { releaseAt: 10 })], 10],
      ['the end of a back-off', [entryOf(1, { releaseAt: 1, notBefore: 10 })], 10],
      ['an expiry', [entryOf(1, { releaseAt: 1 }, { expiresAt: 10 })], 10],
      ['the end of a wait for an answer', [entryOf(1, { state: 'unknown', settleAt: 10 })], 10],
      ['another channel being due', [entryOf(1, { state: 'sending', fallbackAt: 10 })], 10],
      [
        'an expiry, though another is over already',
        [entryOf(1, { releaseAt: 1 }, { expiresAt: 2 }), entryOf(2, { releaseAt: 1 }, { expiresAt: 10 })],
        10,
      ],
      [
        'the end of a wait, though another is over already',
        [entryOf(1, { state: 'unknown', settleAt: 2 }), entryOf(2, { state: 'unknown', settleAt: 10 })],
        10,
      ],
      ['the first of several', [entryOf(1, { releaseAt: 11 }), entryOf(2, { releaseAt: 10 }, { urgent: true })], 10],
      ['nothing that is over', [entryOf(1, { releaseAt: 5 })], undefined],
      [
        'nothing that is under way or done',
        [entryOf(1, { state: 'sending', releaseAt: 10 }), entryOf(2, { state: 'done' })],
        undefined,
      ],
      [
        'nothing that will not have the turn then',
        [entryOf(1, { releaseAt: 1 }, one), entryOf(2, { releaseAt: 10 }, one), entryOf(3, { releaseAt: 11 })],
        11,
      ],
    ])('wakes next for %s', (_, entries, wake) => expect(storeOf(...entries).nextWake(5)).toBe(wake))

    test('can be looked at twice, in part, and while it is being looked at, without effect', () => {
      const entries = Array.from({ length: 60 }, (_, n) => entryOf(n, { releaseAt: 1 }))
      const store = storeOf(...entries)
      for (const first of store.waiting(MAIN, 1)) {
        expect(first.notificationId).toBe('n0')
        break
      }
      const seen: string[] = []
      for (const entry of store.waiting(MAIN, 1)) {
        seen.push(entry.notificationId)
        for (const other of store.waiting(MAIN, 1)) {
          expect(other.notificationId).toBe('n0')
          expect(store.nextWake(0)).toBe(1)
          break
        }
      }
      expect(seen).toEqual(entries.map(({ notificationId }) => notificationId))
    })

    test('goes through many of the same time, each once', () => {
      const entries = Array.from({ length: 700 }, (_, n) => {
        const changes = { releaseAt: 1, fallbackAt: 1 }
        return entryOf(n, changes, { expiresAt: 1, subject: 'incident/1' })
      })
      const store = storeOf(...entries)
      const all = idsOf(entries)
      expect(waitingIn(store)).toEqual(all)
      expect(idsOf(store.expired(1)).sort()).toEqual(all.toSorted())
      expect(idsOf(store.fallbackDue(1)).sort()).toEqual(all.toSorted())
      expect(idsOf(store.queuedAbout('incident/1')).sort()).toEqual(all.toSorted())
      const done = entries.map((entry): Entry => ({ ...entry, state: 'done' }))
      store.apply({ entries: done }, 2)
      expect([...store.forgettable(EVER)].sort()).toEqual(all.map(keyOfEntry).sort())
    })

    test('begins anew when it is told to', () => {
      const store = storeWith({
        entries: [entryOf(1)],
        marks: [markOf('a')],
        pauses: [pauseOf('main')],
        position: { requests: 1, feedback: 1 },
      })
      store.sync(1)
      store.reset()
      const empty = createStore()
      open.push(empty)
      expect(viewOf(store)).toEqual(viewOf(empty))
      expect(store.resumeFrom()).toBe(0)
      store.apply({ entries: [entryOf(1)] }, 1)
      expect(waitingIn(store)).toEqual(['n1'])
    })

    test('says what a store says that looks at everything each time', { timeout: 60_000 }, () => {
      fc.assert(
        fc.property(historyOfCommits, (commits) => {
          const store = createStore()
          const naive = createNaiveStore()
          try {
            for (const [next, changes] of commits.entries()) {
              store.apply(changes, next)
              naive.apply(changes, next)
              expect(viewOf(store)).toEqual(viewOf(naive))
            }
          } finally {
            store.close()
          }
        }),
        { numRuns: 80 },
      )
    })
  })
}

const markOf = (subject: string, changes: Partial<Mark> = {}): Mark => ({
  subject,
  cancelledAt: 1,
  revision: 2,
  forgetAt: 3,
  pending: false,
  ...changes,
})

const pauseOf = (channel: string, changes: Partial<Pause> = {}): Pause => ({
  channel,
  cause: 'forbidden',
  since: 1,
  probeAt: null,
  probe: null,
  ...changes,
})
