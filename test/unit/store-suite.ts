import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import type { Entry, Lane } from '../../src/domain/entry.ts'
import type { State, Store } from '../../src/domain/state.ts'
import { entryOf, MAIN } from './notification-builder.ts'
import { createNaiveStore, historyOfCommits, IDS, LANES, TIMES } from './store-model.ts'

/** What every store promises: run it on each kind of them. */
export const storeSuite = (name: string, createStore: () => Store): void => {
  const open: Store[] = []
  const storeOf = (...entries: readonly Entry[]): Store => {
    const store = createStore()
    open.push(store)
    store.apply(entries, undefined)
    return store
  }
  afterEach(() => {
    for (const store of open.splice(0)) store.close()
  })

  describe(name, () => {
    test('at first holds nothing and has no position', () => {
      const store = storeOf()
      expect(store.position()).toBeUndefined()
      expect(store.get('n1')).toBeUndefined()
      expect(store.byIdentity('k1')).toBeUndefined()
      expect(store.byTag('t1')).toBeUndefined()
      expect(store.nextWake(0)).toBeUndefined()
      expect(store.count()).toEqual({ queued: 0, sending: 0, unknown: 0, done: 0 })
      expect(seenBy(store, MAIN, Number.MAX_SAFE_INTEGER)).toEqual({ waiting: [], expired: [], inFlight: [], unsettled: [] })
    })

    test('keeps the last position it was given, and entries do not move it', () => {
      const store = storeOf()
      store.apply([], { requests: 4, feedback: 2 })
      store.apply([entryOf(1)], undefined)
      expect(store.position()).toEqual({ requests: 4, feedback: 2 })
      store.apply([], { requests: 5, feedback: 2 })
      expect(store.position()).toEqual({ requests: 5, feedback: 2 })
    })

    test('gives back an entry as it was put, and only the last one of it', () => {
      const entry = entryOf(1, { state: 'unknown', settleAt: 5, deliveryTag: 't2', pastTags: ['t1'], attempts: 2 })
      const store = storeOf(entryOf(1), entry)
      expect(store.get('n1')).toEqual(entry)
      expect(store.byIdentity('k1')).toEqual(entry)
      expect(store.byTag('t1')).toEqual(entry)
      expect(store.byTag('t2')).toEqual(entry)
      expect(store.count()).toEqual({ queued: 0, sending: 0, unknown: 1, done: 0 })
    })

    test('finds by identity only who claims it, ended or not', () => {
      const store = storeOf(entryOf(1, { state: 'done' }), entryOf(2, { state: 'done', notification: null }))
      expect(store.byIdentity('k1')?.notificationId).toBe('n1')
      expect(store.byIdentity('k2')).toBeUndefined()
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
      expect(seenBy(store, MAIN, 2).waiting).toEqual(['n6', 'n5', 'n2', 'n3', 'n4'])
    })

    test.each([
      ['does not wait for departure before its release', { releaseAt: 10 }, 9, []],
      ['waits for departure from its release on', { releaseAt: 10 }, 10, ['n1']],
      ['does not wait for departure while it backs off', { releaseAt: 5, notBefore: 10 }, 9, []],
      ['waits for departure when it has backed off', { releaseAt: 5, notBefore: 10 }, 10, ['n1']],
      ['does not wait for departure when it has ended', { releaseAt: 5, state: 'done' }, 10, []],
    ] as const)('an entry %s', (_, changes, now, waiting) => {
      expect(seenBy(storeOf(entryOf(1, changes)), MAIN, now).waiting).toEqual(waiting)
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
      expect(seenBy(store, MAIN, 9).expired).toEqual([])
      expect(seenBy(store, MAIN, 10).expired).toEqual(['n1'])
    })

    test('names as unsettled only what is unknown and has waited long enough', () => {
      const store = storeOf(entryOf(1, { state: 'unknown', settleAt: 10 }), entryOf(2, { state: 'unknown', settleAt: 11 }))
      expect(seenBy(store, MAIN, 9).unsettled).toEqual([])
      expect(seenBy(store, MAIN, 10).unsettled).toEqual(['n1'])
      store.apply([entryOf(1, { state: 'done' })], undefined)
      expect(seenBy(store, MAIN, 10).unsettled).toEqual([])
    })

    test.each([
      ['a release', [entryOf(1, { releaseAt: 10 })], 10],
      ['the end of a back-off', [entryOf(1, { releaseAt: 1, notBefore: 10 })], 10],
      ['an expiry', [entryOf(1, { releaseAt: 1 }, { expiresAt: 10 })], 10],
      ['the end of a wait for an answer', [entryOf(1, { state: 'unknown', settleAt: 10 })], 10],
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
    ])('wakes next for %s', (_, entries, wake) => expect(storeOf(...entries).nextWake(5)).toBe(wake))

    test('can be looked at twice, and in part, without effect', () => {
      const store = storeOf(entryOf(1, { releaseAt: 1 }), entryOf(2, { releaseAt: 1 }))
      for (const first of store.waiting(MAIN, 1)) {
        expect(first.notificationId).toBe('n1')
        break
      }
      expect(seenBy(store, MAIN, 1)).toEqual(seenBy(store, MAIN, 1))
      expect(seenBy(store, MAIN, 1).waiting).toEqual(['n1', 'n2'])
    })

    test('says what a store says that looks at everything each time', () => {
      fc.assert(
        fc.property(historyOfCommits, (commits) => {
          const store = createStore()
          const naive = createNaiveStore()
          for (const { entries, position } of commits) {
            store.apply(entries, position)
            naive.apply(entries, position)
            expect(store.position()).toEqual(naive.position())
            expect({ ...store.count() }).toEqual(naive.count())
            for (const n of IDS) expect(foundIn(store, n)).toEqual(foundIn(naive, n))
            for (const now of TIMES) {
              for (const lane of LANES) expect(seenBy(store, lane, now)).toEqual(seenBy(naive, lane, now))
              const wake = store.nextWake(now)
              const due = naive.nextWake(now)
              // Too early does no harm: what is released may still have to back off.
              if (due === undefined) expect(wake).toBeUndefined()
              else expect(wake).toSatisfy((at: number) => at > now && at <= due)
            }
          }
          store.close()
        }),
        { numRuns: 60 },
      )
    })
  })
}

/** Only `waiting` has an order to keep. */
const seenBy = (store: State, lane: Lane, now: number) => ({
  waiting: idsOf(store.waiting(lane, now)),
  expired: idsOf(store.expired(now)).sort(),
  inFlight: idsOf(store.inFlight()).sort(),
  unsettled: idsOf(store.unsettled(now)).sort(),
})

const foundIn = (store: State, n: number) => [
  store.get(`n${n}`),
  store.byIdentity(`k${n}`),
  ...[0, 1, 2].map((k) => store.byTag(`tag-${n}-${k}`)?.notificationId),
]

const idsOf = (entries: Iterable<Entry>): string[] => [...entries].map(({ notificationId }) => notificationId)
