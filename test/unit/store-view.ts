import type { Entry, Lane } from '../../src/domain/entry.ts'
import type { State } from '../../src/domain/state.ts'
import { BUSINESS_KEYS, CHANNELS, IDS, LANES, LATE_TIMES, RECIPIENTS, SUBJECTS, TIMES } from './store-model.ts'

/** Everything a store of a history says: two that say the same are the same to whoever asks. */
export const viewOf = (store: State) => ({
  position: store.position(),
  count: store.count(),
  found: IDS.map((n) => foundIn(store, n)),
  byBusinessKey: BUSINESS_KEYS.map((key) => store.byBusinessKey(key)?.notificationId),
  lines: RECIPIENTS.map((recipientRef) => linesOf(store, recipientRef)),
  reached: RECIPIENTS.map((recipientRef) => TIMES.map((since) => idsOf(store.reached(recipientRef, since)).sort())),
  subjects: SUBJECTS.map((subject) => [store.mark(subject), idsOf(store.queuedAbout(subject)).sort()]),
  pendingMarks: [...store.pendingMarks()].map(({ subject }) => subject).sort(),
  pauses: [...store.pauses()].map(({ channel }) => channel).sort(),
  coverages: [...store.coverages()].map(({ channel }) => channel).sort(),
  covered: CHANNELS.map((channel) => store.coverage(channel)),
  paused: CHANNELS.map((channel) => store.pause(channel)),
  nextForget: store.nextForget(),
  forgettable: [...TIMES, ...LATE_TIMES].map((now) => [...store.forgettable(now)].sort()),
  // There and back: clocks do that.
  dueAt: [...TIMES, ...TIMES.toReversed()].map((now) => [
    now,
    ...LANES.map((lane) => dueAt(store, lane, now)),
    store.nextWake(now),
  ]),
})

/** Only `waiting` and `inLine` have an order to keep. */
export const dueAt = (store: State, lane: Lane, now: number) => ({
  waiting: idsOf(store.waiting(lane, now)),
  expired: idsOf(store.expired(now)).sort(),
  inFlight: idsOf(store.inFlight()).sort(),
  unsettled: [...store.unsettledChannels()].sort().map((channel) => [channel, idsOf(store.unsettled(channel, now)).sort()]),
  fallbackDue: idsOf(store.fallbackDue(now)).sort(),
})

export const idsOf = (entries: Iterable<Entry>): string[] => [...entries].map(({ notificationId }) => notificationId)

const foundIn = (store: State, n: number) => [
  store.get(`n${n}`),
  store.byIdentity(`k${n}`),
  ...[0, 1].flatMap((life) => [0, 1, 2].map((k) => store.byTag(`tag-${n}-${life}-${k}`)?.notificationId)),
]

const linesOf = (store: State, recipientRef: string) => [
  idsOf(store.sendingTo(recipientRef)).sort(),
  ...CHANNELS.flatMap((channel) => [true, false].map((urgent) => idsOf(store.inLine({ recipientRef, channel, urgent })))),
]
