import { expect } from 'vitest'
import { departureOf } from '../../src/domain/draft.ts'
import { compareDeparture, type Entry } from '../../src/domain/entry.ts'
import type { Input, OutcomeReport } from '../../src/domain/input.ts'
import type { Policy } from '../../src/domain/moment.ts'
import type { Notification, Request } from '../../src/domain/request.ts'
import type { Result } from '../../src/domain/result.ts'
import type { Store } from '../../src/domain/state.ts'
import { accepted, HOUR, MAIN } from './notification-builder.ts'
import { createReceiptPromises } from './simulation-receipts.ts'
import {
  type Attempt,
  isBehind,
  type Life,
  type Receipt,
  receiptsIn,
  reportsIn,
  STRANGER,
  type Taken,
  type Witness,
  type World,
} from './simulation-world.ts'

const DAY = 24 * HOUR
/** At most, as the simulation has it. */
const CLOCKS_APART = HOUR / 3

/** A channel that may not send, as one owner knows it. */
interface Paused {
  readonly from: number
  probe: string | null
  /** Before that there is no other probe; infinite: none at all. */
  nextProbe: number
}

/** What must hold whatever happens. Judges by requests, results, intentions, what LINE got and what each owner was told, and by the
 *  journal; it knows nothing of how a step decides. */
export const createPromises = (policy: Policy): Witness & { attach(world: World): void; atTheEnd(): void } => {
  const results = new Map<string, Result[]>()
  const resultIds = new Set<string>()
  const tags = new Set<string>()
  const entries = new Map<string, Entry>()
  const notifications = new Map<string, Notification>()
  const arrivals = new Map<string, number>()
  const tooOld = new Set<number>()
  const forgotten = new Set<string>()
  /** Taken by LINE, as was learned after the end, where that is not the end of the story. */
  const takenLate = new Set<string>()
  const receipts = createReceiptPromises(() => theWorld())
  const pausesOf = new Map<Life, Map<string, Paused>>()
  let pauses = new Map<string, Paused>()
  let position = { requests: 0, feedback: 0 }
  let silentTo = { epoch: 0, at: 0 }
  let world: World | undefined

  const theWorld = (): World => {
    if (!world) throw new Error('no world')
    return world
  }
  const attemptsOf = (id: string) => theWorld().attempts.filter(({ notification }) => notification.notificationId === id)
  const consumed = ({ store }: Life): readonly Request[] => theWorld().requests.slice(0, store.position()?.requests ?? 0)

  /** By every mark that an owner has read, in whatever order. A revision is remembered for its window; what a cancellation bars is too old
   *  for anybody after that. */
  const isBarred = (life: Life, { notificationId, subject, revision, event, receivedAt }: Notification): boolean =>
    consumed(life).some((request) => {
      if (request.kind !== 'mark' || request.marking.subject !== subject) return false
      const { cancelledAt, revision: newest, forgetAt } = request.marking
      if (cancelledAt !== null && (event.time ?? receivedAt) <= cancelledAt) return true
      return newest !== null && revision !== null && revision < newest && (arrivals.get(notificationId) ?? 0) < forgetAt
    })

  const checkResults = (taken: Taken): void => {
    const { changes, now, life } = taken
    if (isBehind(changes.position, life.readUntil)) {
      expect(changes.intentions, 'nothing is sent before what lay in the log is read').toEqual([])
      const hints = changes.results.filter(({ status }) => status === 'fallback_due' || status === 'undelivered')
      expect(hints, 'nor is it said what was not heard').toEqual([])
    }
    for (const result of changes.results) {
      const { notificationId: id } = result
      const earlier = results.get(id) ?? []
      results.set(id, [...earlier, result])
      expect(result.sequence, 'sequences are dense').toBe(earlier.length)
      expect(resultIds.has(result.resultId), 'no result has the name of another').toBe(false)
      resultIds.add(result.resultId)
      const end = earlier.find(({ terminal }) => terminal)
      expect(result.corrects, 'after the end there is only a correction of it').toBe(end?.resultId ?? null)
      if (end) expect(result.terminal, 'a correction is not another end').toBe(false)
      expect(
        earlier.some(({ corrects }) => corrects),
        'nothing follows a correction',
      ).toBe(false)
      if (result.status === 'unknown' && result.reason === 'crash')
        expect(silenceOf(life), 'orphans are judged behind the barrier').toBeGreaterThanOrEqual(life.owner.orphansFrom)
      if (result.status === 'fallback_due') checkFallback(result, now)
      if (result.fallback !== null) checkHint(result, taken)
      if (result.terminal) checkEnd(result, life)
    }
  }

  const checkFallback = (result: Result, now: number): void => {
    const notification = notifications.get(result.notificationId)
    if (!notification) throw new Error('another channel is due for nothing')
    const all = results.get(result.notificationId) ?? []
    expect(
      all.filter(({ status }) => status === 'fallback_due'),
      'another channel is due once',
    ).toHaveLength(1)
    expect(result.fallback).toBe(notification.fallback)
    const { fallbackAfterMs, quietHours } = notification
    expect((result.releaseAt ?? now) + (fallbackAfterMs ?? Infinity), 'another channel is due in time').toBeLessThanOrEqual(now)
    if (quietHours) expect(isNight(now), 'nobody is rung at night').toBe(false)
  }

  const checkHint = ({ notificationId: id, channel, recipientRef }: Result, { life, now }: Taken): void => {
    const { settings } = life
    const notification = notifications.get(id)
    expect(notification && isUnwanted(notification, life, now), 'no other channel for what is not wanted').toBeFalsy()
    expect(settings.shadows.includes(channel ?? ''), 'a shadow hints at no other channel').toBe(false)
    expect(
      settings.limited.includes(channel ?? '') && recipientRef === STRANGER,
      'whom the channel does not write to is not written to in another way',
    ).toBe(false)
  }

  const checkEnd = (result: Result, life: Life): void => {
    const { notificationId: id, status } = result
    const posts = attemptsOf(id).filter(({ postedAt }) => postedAt !== null)
    const told = posts.flatMap((attempt) => attempt.told)
    if (['cancelled', 'superseded', 'expired', 'refused', 'duplicate', 'poison'].includes(status))
      for (const { truth } of posts) expect(truth?.kind, 'what may have been delivered is not said to be unsent').toBe('not-sent')
    if (status === 'accepted' || status === 'unreachable' || status === 'rejected')
      expect(
        told.map(({ kind }) => kind),
        'an end by LINE is what LINE said',
      ).toContain(status)
    const notification = notifications.get(id)
    if (notification && status === 'refused')
      expect(
        isRefused(life, notification) || attemptsOf(id).some(({ told }) => told.some(({ kind }) => kind === 'withheld')),
        'what is refused is what is not to be sent, or was withheld',
      ).toBe(true)
  }

  const checkEntries = ({ changes, now, life, before, inputs }: Taken): void => {
    const heardOf = [...reportsIn(inputs), ...receiptsIn(inputs)].map(({ deliveryTag }) => deliveryTag)
    for (const entry of changes.entries) {
      const { notificationId: id, state, sealed, status } = entry
      entries.set(id, entry)
      if (entry.notification)
        expect(timeless(entry.notification), 'a notification stays what it was').toEqual(timeless(notifications.get(id)))
      if (!arrivals.has(id)) arrivals.set(id, now)
      expect(forgotten.has(id), 'what was forgotten does not come back').toBe(false)
      const was = before.get(id)
      if (
        (was?.state === 'unknown' || was?.state === 'accepted') &&
        state !== was.state &&
        ![...was.pastTags, was.deliveryTag].some((tag) => heardOf.includes(tag ?? ''))
      )
        expect(was.settleAt, 'silence is judged behind the barrier').toBeLessThanOrEqual(silenceOf(life))
      if (attemptsOf(id).some(({ told }) => told.some(({ kind }) => kind === 'accepted')))
        expect(sealed, 'what LINE took is never sent again, and has no address and no message').toBeNull()
      if (state === 'done' || state === 'accepted') expect(sealed, 'what has ended has no address and no message').toBeNull()
      else expect(sealed, 'what has not ended can be sent').not.toBeNull()
      expect(entry.sequence, 'an entry knows how much was said').toBe(results.get(id)?.length ?? 0)
      const said = results.get(id)?.filter((each) => each.status !== 'fallback_due')
      if (policy.progress) expect(status, 'an entry knows what was last said').toBe(said?.at(-1)?.status ?? 'received')
    }
    const inFlight = changes.entries.flatMap(({ notification }) => (notification ? [notification.recipientRef] : []))
    for (const recipientRef of inFlight)
      expect([...life.store.sendingTo(recipientRef)].length, 'one at a time for each person').toBeLessThanOrEqual(1)
  }

  const checkForgetting = ({ changes, now, before, life }: Taken): void => {
    for (const key of changes.forgotten) {
      const id = key.slice(key.indexOf('/') + 1)
      if (key.startsWith('entry/')) checkForgotten(before.get(id), now)
      if (key.startsWith('mark/')) checkForgottenMark(id, now, life)
    }
  }

  const checkForgotten = (entry: Entry | undefined, now: number): void => {
    if (!entry) throw new Error('what is not known is not forgotten')
    forgotten.add(entry.notificationId)
    expect(entry.state, 'what has not ended is not forgotten').toBe('done')
    const request = theWorld().requests.find((each) => idOf(each) === entry.notificationId)
    if (!request || request.kind === 'mark' || request.kind === 'channel') throw new Error('nobody asked for it')
    const { windowMs, at } = windowOf(request)
    expect(now, 'nothing is forgotten within its window').toBeGreaterThan(Math.max(at, entry.arrivedAt) + windowMs)
    const posts = attemptsOf(entry.notificationId).filter(
      ({ postedAt, truth }) => postedAt && (!truth || mayHaveCome(truth.kind)),
    )
    for (const { madeAt } of posts)
      expect(now, 'nothing is forgotten while its receipt may come').toBeGreaterThanOrEqual(madeAt + 2 * DAY - CLOCKS_APART)
  }

  const checkForgottenMark = (subject: string, now: number, life: Life): void => {
    const news = consumed(life).flatMap((each) =>
      each.kind === 'mark' && each.marking.subject === subject ? [each.marking.forgetAt] : [],
    )
    expect(now, 'marks are kept for their window').toBeGreaterThanOrEqual(Math.max(...news))
    expect(
      [...entries.values()].filter(
        ({ state, notification }) => state === 'queued' && notification?.subject === subject && isBarred(life, notification),
      ),
      'marks are kept until everybody was looked at',
    ).toEqual([])
  }

  const checkIntentions = ({ changes, now, life }: Taken): void => {
    for (const [lane, permits] of theWorld().permits)
      expect(
        changes.intentions.filter((each) => each.lane === lane).length,
        'no more intentions than permits',
      ).toBeLessThanOrEqual(permits)
    for (const intention of changes.intentions) {
      const { deliveryTag, notificationId: id, startBy } = intention
      expect(tags.has(deliveryTag), 'no tag is used twice').toBe(false)
      tags.add(deliveryTag)
      const entry = entries.get(id)
      const notification = entry?.notification
      if (!entry || !notification) throw new Error('an intention without an entry')
      expect(entry, 'an intention is in its entry').toMatchObject({ state: 'sending', deliveryTag })
      expect(startBy).toBeGreaterThan(now)
      expect(startBy).toBeLessThanOrEqual(Math.min(now + 2_000, notification.expiresAt ?? Infinity))
      if (notification.quietHours) expect(isNight(startBy - 1), 'nothing is started in quiet hours').toBe(false)
      checkPaused(notification.channel, deliveryTag, now)
      checkLine(entry, notification)
      const tries = attemptsOf(id)
      for (const earlier of tries) checkOver(earlier, notification, entry)
      const last = tries.at(-1)?.told[0]?.kind
      expect(last === 'unreachable' || last === 'rejected', 'what LINE refused for good is not sent again').toBe(false)
      const doubtful = tries.filter(({ told }) => !told.some(({ kind }) => kind === 'not-sent'))
      expect(doubtful.length, 'what nobody can say of is sent again once').toBeLessThanOrEqual(1)
      expect(isRefused(life, notification), 'nothing is sent to who is not to get it').toBe(false)
      if (!notification.urgent) checkLimits(notification, life, now)
      if (notification.onlyIfNotified) checkTold(notification, life)
    }
  }

  const checkPaused = (channel: string, deliveryTag: string, now: number): void => {
    const paused = pauses.get(channel)
    if (!paused) return
    expect(now, 'nothing leaves on a paused channel but a rare probe').toBeGreaterThanOrEqual(paused.nextProbe)
    paused.nextProbe = now + policy.probeEveryMs(channel)
    paused.probe = deliveryTag
  }

  const checkLine = (entry: Entry, { recipientRef, channel, urgent }: Notification): void => {
    if (entry.resend) return
    for (const other of entries.values())
      if (
        other.state === 'queued' &&
        !other.resend &&
        other.notification?.recipientRef === recipientRef &&
        other.notification.channel === channel &&
        other.notification.urgent === urgent
      )
        expect(compareDeparture(departureOf(entry), departureOf(other)), 'the order of a line is kept').toBeLessThan(0)
  }

  /** Before another attempt the last one must be over: certainly not sent, or, by the policy `resend`, given up by a committed unknown. */
  const checkOver = ({ told }: Attempt, { notificationId: id, unknownPolicy }: Notification, entry: Entry): void => {
    const kinds = told.map(({ kind }) => kind)
    expect(kinds, 'what LINE took is not sent again').not.toContain('accepted')
    if (kinds.includes('not-sent')) return
    expect(unknownPolicy, 'nothing is sent again unless it was certainly not sent').toBe('resend')
    expect(entry.resend).toBe(true)
    if (policy.progress)
      expect(
        results.get(id)?.some(({ status }) => status === 'unknown'),
        'unknown was committed before',
      ).toBe(true)
  }

  /** When each notification last went, or may have gone, to this person, as far as was told. */
  const reached = (
    recipientRef: string,
    { settings }: Life,
    candidate: Notification,
  ): { readonly id: string; readonly at: number; readonly subject: string | null }[] => {
    const latest = new Map<string, { id: string; at: number; subject: string | null }>()
    for (const { intention, notification, madeAt, told } of theWorld().attempts) {
      if (notification.recipientRef !== recipientRef || forgotten.has(notification.notificationId)) continue
      const kinds = told.map(({ kind }) => kind)
      // What a shadow would have sent counts for a shadow, and for nobody else.
      if (kinds.includes('withheld') && !settings.shadows.includes(candidate.channel)) continue
      const came = kinds.includes('accepted') || kinds.includes('withheld') || receipts.of(intention.deliveryTag) !== undefined
      if (!came && kinds.some((kind) => kind !== 'unknown')) continue
      if (results.get(notification.notificationId)?.at(-1)?.status === 'undelivered') continue
      latest.set(notification.notificationId, { id: notification.notificationId, at: madeAt, subject: notification.subject })
    }
    return [...latest.values()]
  }

  const checkLimits = (notification: Notification, life: Life, now: number): void => {
    const sent = reached(notification.recipientRef, life, notification).map(({ at }) => at)
    if (policy.spacingMs > 0)
      for (const at of sent) expect(now - at, 'the spacing is kept').toBeGreaterThanOrEqual(policy.spacingMs)
    expect(sent.filter((at) => at > now - DAY).length, 'the cap is kept').toBeLessThan(policy.perDay)
  }

  const checkTold = (notification: Notification, life: Life): void => {
    const { notificationId: id, recipientRef, subject } = notification
    const told = reached(recipientRef, life, notification).filter((each) => each.id !== id && each.subject === subject)
    // What ended unconfirmed stays so, though it is learned later that it was not sent; and of what was sent again, who can say.
    const doubtful = theWorld().attempts.filter(
      ({ notification: each }) =>
        each.notificationId !== id &&
        each.recipientRef === recipientRef &&
        each.subject === subject &&
        (results.get(each.notificationId)?.at(-1)?.status === 'unconfirmed' || entries.get(each.notificationId)?.resend),
    )
    expect(told.length + doubtful.length, 'only those hear of it who may have been told before').toBeGreaterThan(0)
  }

  const learnOfChannels = ({ inputs, before, now }: Taken): void => {
    const settled = new Set<string>()
    for (const input of inputs) {
      if (input.kind === 'request' && input.request.kind === 'channel') {
        const { channel, order } = input.request
        if (order === 'resume') pauses.delete(channel)
        else pauses.set(channel, { from: now, probe: null, nextProbe: Infinity })
      }
      for (const { deliveryTag, outcome } of [...reportsIn([input]), ...asAnswers(receiptsIn([input]))]) {
        const attempt = theWorld().attempts.find(({ intention }) => intention.deliveryTag === deliveryTag)
        if (!attempt) continue
        const { notificationId: id, channel } = attempt.notification
        const entry = before.get(id)
        const awaited =
          entry &&
          (entry.state === 'sending' ||
            entry.state === 'unknown' ||
            (entry.state === 'queued' && entry.reachedAt === entry.sentAt))
        const counts = awaited && entry.deliveryTag === deliveryTag && !settled.has(id)
        if (outcome.kind === 'accepted' || (counts && outcome.kind !== 'unknown')) settled.add(id)
        if (!counts) continue
        const paused = pauses.get(channel)
        if (paused && paused.probe !== deliveryTag) continue
        if (outcome.kind === 'not-sent' && (outcome.cause === 'forbidden' || outcome.cause === 'monthly-limit'))
          pauses.set(channel, { from: now, probe: null, nextProbe: now + policy.probeEveryMs(channel) })
        else if (outcome.kind !== 'not-sent' && outcome.kind !== 'unknown') pauses.delete(channel)
      }
    }
  }

  const listen = (input: Input, { owner }: Life): void => {
    if (input.kind === 'request' && input.request.kind === 'ready') {
      const { notification } = input.request
      if (!notifications.has(notification.notificationId)) notifications.set(notification.notificationId, notification)
    }
    if (input.kind === 'feedback' && input.feedback.kind === 'barrier' && input.feedback.epoch === owner.epoch)
      silentTo = { epoch: owner.epoch, at: Math.max(input.feedback.at, silentTo.epoch === owner.epoch ? silentTo.at : 0) }
  }

  /** Of what was written to feedback before, everything has been read. */
  const silenceOf = ({ owner }: Life): number => (silentTo.epoch === owner.epoch ? silentTo.at : 0)

  const isOut = ({ customerId }: Notification): boolean => customerId !== null && policy.isOptedOut(customerId)

  const isRefused = ({ settings }: Life, notification: Notification): boolean =>
    isOut(notification) ||
    (settings.limited.includes(notification.channel) && notification.recipientRef === STRANGER) ||
    (settings.reviewing.includes(notification.channel) && !notification.reviewed)

  const isUnwanted = (notification: Notification, life: Life, now: number): boolean =>
    isBarred(life, notification) || isRefused(life, notification) || (notification.expiresAt ?? Infinity) <= now

  const learnLate = ({ inputs, life }: Taken): void => {
    for (const { deliveryTag, outcome } of reportsIn(inputs)) {
      const of = theWorld().attempts.find(({ intention }) => intention.deliveryTag === deliveryTag)?.notification
      if (outcome.kind === 'accepted' && of && life.settings.awaited.includes(of.channel) && hasEnded(of.notificationId))
        takenLate.add(of.notificationId)
    }
  }
  const hasEnded = (id: string): boolean => results.get(id)?.some(({ terminal }) => terminal) ?? false

  return {
    attach: (to) => {
      world = to
      pausesOf.set(to.life, pauses)
    },
    taken: (taken) => {
      const { changes } = taken
      expect(changes.position.requests, 'the position never goes back').toBeGreaterThanOrEqual(position.requests)
      expect(changes.position.feedback, 'the position never goes back').toBeGreaterThanOrEqual(position.feedback)
      position = changes.position
      for (const { offset } of changes.tooOld) tooOld.add(offset)
      for (const input of taken.inputs) listen(input, taken.life)
      learnOfChannels(taken)
      receipts.listen(taken)
      checkResults(taken)
      learnLate(taken)
      checkEntries(taken)
      receipts.taken(taken, forgotten)
      checkIntentions(taken)
      checkForgetting(taken)
    },
    posted: ({ intention, notification, life, postedAt }) => {
      const now = postedAt ?? 0
      const before = attemptsOf(notification.notificationId).filter(
        (each) => each.postedAt !== null && each.intention !== intention,
      )
      if (notification.unknownPolicy === 'give-up')
        for (const { truth } of before) expect(truth?.kind, 'no second message to anybody').toBe('not-sent')
      expect(now, 'nothing expired is started').toBeLessThan(notification.expiresAt ?? Infinity)
      if (notification.quietHours) expect(isNight(now), 'nothing is started in quiet hours').toBe(false)
      expect(isBarred(life, notification), 'nothing is started that is called off').toBe(false)
      expect(isRefused(life, notification), 'nothing is started to who is not to get it').toBe(false)
      receipts.posted(notification, life)
      const paused = pausesOf.get(life)?.get(notification.channel)
      if (paused) expect(paused.probe, 'nothing is started on a paused channel').toBe(intention.deliveryTag)
    },
    reopened: (before, after) => {
      const { life } = theWorld()
      // A frozen owner knows only of the pauses of its time.
      pausesOf.set(life, new Map([...pauses].map(([channel, paused]) => [channel, { ...paused }])))
      expect(answersOf(after, theWorld()), 'the journal alone tells the state').toEqual(answersOf(before, theWorld()))
      pauses = new Map(pauses)
    },
    atTheEnd: () => {
      const asked = new Map<string, number[]>()
      for (const [offset, request] of theWorld().requests.entries()) {
        const id = idOf(request)
        if (id !== undefined) asked.set(id, [...(asked.get(id) ?? []), offset])
      }
      expect(
        [...results.keys()].filter((id) => !asked.has(id)),
        'results of what was asked for, and of nothing else',
      ).toEqual([])
      for (const [id, offsets] of asked) {
        const ends = results.get(id)?.filter(({ terminal }) => terminal) ?? []
        if (ends.length === 0)
          expect(
            offsets.filter((offset) => !tooOld.has(offset)),
            `${id} ends, or is too old`,
          ).toEqual([])
        else expect(ends, `${id} ends once`).toHaveLength(1)
        const told = attemptsOf(id).flatMap((attempt) => attempt.told)
        if (
          !forgotten.has(id) &&
          told.some(({ kind }) => kind === 'accepted') &&
          !takenLate.has(id) &&
          !results.get(id)?.some(({ corrects }) => corrects)
        )
          expect(['accepted', 'delivered', 'undelivered', 'unconfirmed'], 'what LINE took is not said to have failed').toContain(
            results.get(id)?.at(-1)?.status,
          )
      }
      checkDuplicates()
    },
  }

  function checkDuplicates(): void {
    const posted = new Map<string, Attempt[]>()
    for (const attempt of theWorld().attempts) {
      const { identityKey, recipientRef } = attempt.notification
      if (attempt.postedAt !== null && attempt.truth && mayHaveCome(attempt.truth.kind))
        posted.set(identityKey + recipientRef, [...(posted.get(identityKey + recipientRef) ?? []), attempt])
    }
    for (const attempts of posted.values())
      expect(new Set(attempts.map(({ notification }) => notification.notificationId)).size, 'of one identity, one is sent').toBe(
        1,
      )
    for (const all of results.values())
      for (const { status, duplicateOf, notificationId } of all)
        if (status === 'duplicate')
          expect(results.has(duplicateOf ?? '') && duplicateOf !== notificationId, 'a duplicate names another').toBe(true)
    checkBusinessKeys()
  }

  function checkBusinessKeys(): void {
    const sent = new Map<string, Notification>()
    for (const { notification, truth } of theWorld().attempts)
      if (truth && mayHaveCome(truth.kind)) sent.set(notification.notificationId, notification)
    for (const first of sent.values())
      for (const second of sent.values()) {
        const arrivedFirst = arrivals.get(first.notificationId) ?? 0
        const arrivedSecond = arrivals.get(second.notificationId) ?? 0
        if (first === second || first.businessKey === null || first.businessKey !== second.businessKey) continue
        if (arrivedFirst >= arrivedSecond) continue
        expect(arrivedSecond, 'of one business key, one is sent within its window').toBeGreaterThanOrEqual(
          Math.max(first.event.time ?? 0, arrivedFirst) + second.businessWindowMs,
        )
      }
  }
}

/** Whoever reads a record again receives it later. */
const timeless = (notification: Notification | undefined) => notification && { ...notification, receivedAt: 0 }

const asAnswers = (receipts: readonly Receipt[]): OutcomeReport[] =>
  receipts.map(({ deliveryTag, deliveredAt }) => ({ deliveryTag, outcome: accepted, at: deliveredAt }))

const mayHaveCome = (kind: string): boolean => kind === 'accepted' || kind === 'unknown'

export const idOf = (request: Request): string | undefined => {
  if (request.kind === 'ready') return request.notification.notificationId
  return request.kind === 'refused' || request.kind === 'poison' ? request.notificationId : undefined
}

const windowOf = (request: Exclude<Request, { kind: 'mark' | 'channel' }>): { windowMs: number; at: number } => {
  if (request.kind === 'ready')
    return {
      windowMs: request.notification.dedupeWindowMs,
      at: request.notification.event.time ?? request.notification.receivedAt,
    }
  const time = request.kind === 'refused' ? request.event.time : null
  return { windowMs: request.dedupeWindowMs, at: time ?? request.receivedAt }
}

/** Everything a store can be asked, in an order of its own where it promises none. */
const answersOf = (store: Store, { requests, attempts, now }: World) => {
  const ids = [...new Set(requests.flatMap((request) => idOf(request) ?? []))]
  const known = requests.flatMap((request) => (request.kind === 'ready' ? [request.notification] : []))
  const of = (found: Iterable<Entry>) => [...found].map(({ notificationId }) => notificationId).sort()
  const inOrder = (found: Iterable<Entry>) => [...found].map(({ notificationId }) => notificationId)
  const subjects = [...new Set(requests.flatMap((each) => (each.kind === 'mark' ? [each.marking.subject] : [])))]
  return {
    position: store.position(),
    count: store.count(),
    entries: ids.map((id) => store.get(id)),
    identities: known.map(({ identityKey }) => store.byIdentity(identityKey)?.notificationId),
    businessKeys: known.map(({ businessKey }) => businessKey && store.byBusinessKey(businessKey)?.notificationId),
    tags: attempts.map(({ intention }) => store.byTag(intention.deliveryTag)?.notificationId),
    waiting: [now, now + DAY].map((at) => inOrder(store.waiting(MAIN, at))),
    lines: known.map((line) => inOrder(store.inLine(line))),
    sendingTo: known.map(({ recipientRef }) => of(store.sendingTo(recipientRef))),
    reached: known.map(({ recipientRef }) => of(store.reached(recipientRef, now - DAY))),
    marks: subjects.map((subject) => [store.mark(subject), of(store.queuedAbout(subject))]),
    pendingMarks: [...store.pendingMarks()].map(({ subject }) => subject).sort(),
    pauses: [...store.pauses()].sort((a, b) => (a.channel < b.channel ? -1 : 1)),
    coverages: [...store.coverages()].sort((a, b) => (a.channel < b.channel ? -1 : 1)),
    expired: [of(store.expired(now)), of(store.expired(now + DAY))],
    inFlight: of(store.inFlight()),
    unsettled: [...store.unsettledChannels()]
      .sort()
      .map((channel) => [channel, ...[now, now + DAY].map((at) => of(store.unsettled(channel, at)))]),
    fallbackDue: [of(store.fallbackDue(now)), of(store.fallbackDue(now + DAY))],
    forgettable: [[...store.forgettable(now)].sort(), [...store.forgettable(now + 9 * DAY)].sort()],
    wakes: [store.nextForget(), store.nextWake(now), store.nextWake(now - DAY)],
  }
}

/** By arithmetic: Tokyo is nine hours ahead, all year; nights are from 21:00 to 08:00. */
const isNight = (at: number): boolean => {
  const hour = Math.floor(at / HOUR + 9) % 24
  return hour >= 21 || hour < 8
}
