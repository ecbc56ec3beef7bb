import { laneOf } from '../domain/entry.ts'
import type { Input } from '../domain/input.ts'
import type { Moment, Policy } from '../domain/moment.ts'
import type { Notification, Request } from '../domain/request.ts'
import type { Result, Status } from '../domain/result.ts'
import type { State } from '../domain/state.ts'
import { step } from '../domain/step.ts'
import { createMemoryStore } from '../store/memory-store.ts'

/** What would become of one notification. Times are ms since the epoch. */
export type Fate =
  | { readonly kind: 'sent' }
  /** Everything is done but the sending: the channel is a shadow. */
  | { readonly kind: 'withheld' }
  /** `until` is null where it waits for another to the same person. */
  | { readonly kind: 'waits'; readonly reason: string; readonly until: number | null }
  | {
      readonly kind: 'ends'
      readonly status: Status
      readonly reason: string | null
      readonly detail: string | null
      /** Index of the recipient whose notification it repeats. */
      readonly duplicateOf: number | null
    }
  /** It is set aside as a dead letter, without a result. */
  | { readonly kind: 'too-old' }

export interface Circumstances {
  readonly now: number
  readonly policy: Policy
}

/** What the core would do with these requests if nothing had come before them: every channel has permits, and LINE takes all it is sent.
 *  By notification id. */
export const foretell = (requests: readonly Request[], circumstances: Circumstances): ReadonlyMap<string, Fate> => {
  const fates = new Map<string, Fate>()
  for (const group of groupsOf(requests)) for (const [id, fate] of foretellGroup(group, circumstances)) fates.set(id, fate)
  return fates
}

/** People are told without regard to others, so they may be looked at some at a time: what a step costs grows with what its store holds.
 *  What goes to every partition goes to every group. */
const groupsOf = (requests: readonly Request[]): readonly (readonly Request[])[] => {
  if (requests.length <= MOST_AT_ONCE) return [requests]
  const toAll = requests.filter((request) => idOf(request) === null)
  const people = Map.groupBy(
    requests.filter((request) => idOf(request) !== null),
    (request) => (request.kind === 'ready' ? request.notification.recipientRef : '') || (idOf(request) ?? ''),
  )
  const groups: Request[][] = []
  let last: Request[] | undefined
  for (const each of people.values()) {
    if (!last || last.length >= MOST_AT_ONCE) {
      last = [...toAll]
      groups.push(last)
    }
    last.push(...each)
  }
  return groups
}

const MOST_AT_ONCE = 500

const foretellGroup = (requests: readonly Request[], circumstances: Circumstances): ReadonlyMap<string, Fate> => {
  const store = createMemoryStore()
  const results = new Map<string, Result>()
  const sent = new Map<string, Fate>()
  let inputs: readonly Input[] = requests.map((request, offset) => ({ kind: 'request', offset, request }))
  let counter = 0
  for (let applied = 0; ; applied += 1) {
    const changes = step(store, inputs, momentOf(requests, circumstances, counter))
    counter = changes.counter
    store.apply(changes, applied + 1)
    for (const result of changes.results) results.set(result.notificationId, result)
    // An outcome frees the person for what waits behind it, which the step after it sees.
    if (inputs.length === 0 && changes.intentions.length === 0 && !changes.more) break
    inputs = changes.intentions.map(({ deliveryTag, notificationId }): Input => {
      const shadow = circumstances.policy.isShadow(store.get(notificationId)?.notification?.channel ?? '')
      sent.set(notificationId, { kind: shadow ? 'withheld' : 'sent' })
      const outcome = { kind: shadow ? 'withheld' : 'accepted', requestId: null } as const
      return { kind: 'outcome', report: { deliveryTag, outcome, at: circumstances.now } }
    })
  }
  return new Map(
    requests.flatMap((request) => {
      const id = idOf(request)
      return id === null ? [] : [[id, sent.get(id) ?? fateOf(id, store, results)] as const]
    }),
  )
}

/** Null for what goes to every partition. */
export const idOf = (request: Request): string | null => {
  switch (request.kind) {
    case 'ready':
      return request.notification.notificationId
    case 'refused':
    case 'poison':
      return request.notificationId
    case 'mark':
    case 'channel':
      return null
  }
}

const fateOf = (id: string, state: State, results: ReadonlyMap<string, Result>): Fate => {
  const entry = state.get(id)
  const result = results.get(id)
  if (!entry) return { kind: 'too-old' }
  if (entry.state !== 'done') {
    const waitsAlone = result?.status === 'queued'
    const until = Math.max(entry.releaseAt, entry.notBefore)
    return { kind: 'waits', reason: (waitsAlone ? result.reason : null) ?? 'turn', until: waitsAlone ? until : null }
  }
  const original = result?.duplicateOf === null || result === undefined ? undefined : state.get(result.duplicateOf)
  return {
    kind: 'ends',
    status: result?.status ?? entry.status,
    reason: result?.reason ?? null,
    detail: result?.detail ?? null,
    duplicateOf: original?.position.index ?? null,
  }
}

const momentOf = (requests: readonly Request[], { now, policy }: Circumstances, counter: number): Moment => ({
  now,
  owner: { partition: 0, incarnation: '0'.repeat(12), epoch: 0, orphansFrom: Number.POSITIVE_INFINITY },
  counter,
  permits: new Map(
    requests.flatMap((request) => (request.kind === 'ready' ? [[laneOf(request.notification), requests.length]] : [])),
  ),
  silentTo: now,
  readUntil: { requests: 0, feedback: 0 },
  policy,
})

/** Whether it would end only because nobody was told of its subject before. */
export const isForThoseTold = (fate: Fate | undefined, { onlyIfNotified }: Notification): boolean =>
  onlyIfNotified && fate?.kind === 'ends' && fate.status === 'cancelled' && fate.reason === 'not-notified'
