import { expect } from 'vitest'
import type { Entry } from '../../src/domain/entry.ts'
import type { Input, Link } from '../../src/domain/input.ts'
import type { Notification } from '../../src/domain/request.ts'
import type { Result } from '../../src/domain/result.ts'
import { HOUR } from './notification-builder.ts'
import {
  type Attempt,
  COST,
  type Life,
  linksIn,
  type Receipt,
  receiptsIn,
  reportsIn,
  type Taken,
  type World,
} from './simulation-world.ts'

const DAY = 24 * HOUR
/** At most, as the simulation has it. */
const CLOCKS_APART = HOUR / 3
/** So long it is hoped for a webhook that does not come, a day of silence included … */
const PATIENCE = 4 * DAY
/** … or comes and goes. */
const LAST_PATIENCE = 2 * PATIENCE - DAY
/** What waited for longer is not sent again. */
const RESEND_WITHIN = 2 * DAY
/** What may be charged for. */
const CHARGED: ReadonlySet<string> = new Set(['accepted', 'delivered', 'unconfirmed'])

interface Span {
  readonly from: number
  readonly until: number
}

/** What must hold of all that comes after LINE took a message: receipts, silence, links. Adds up by itself what webhooks said that they
 *  heard, as plain sums over every heartbeat and hole that was read. */
export const createReceiptPromises = (world: () => World) => {
  const receipts = new Map<string, number[]>()
  const claimed = new Map<string, Span[]>()
  const doubted = new Map<string, Span[]>()
  /** What was claimed and not doubted. */
  const heard = new Map<string, Span[]>()
  const results = new Map<string, Result[]>()
  const entries = new Map<string, Entry>()
  /** When each was first known to be LINE’s, by the clock of who learned it. */
  const awaitedSince = new Map<string, number>()
  const attributed = new Set<string>()
  let barrier = { epoch: 0, at: 0 }

  const attemptsOf = (id: string): Attempt[] => world().attempts.filter(({ notification }) => notification.notificationId === id)
  const attemptBy = (tag: string): Attempt | undefined => world().attempts.find(({ intention }) => intention.deliveryTag === tag)
  const receiptsOf = (id: string): number[] =>
    attemptsOf(id).flatMap(({ intention }) => receipts.get(intention.deliveryTag) ?? [])
  const lastMadeAt = (id: string): number => attemptsOf(id).at(-1)?.madeAt ?? 0
  const silenceOf = ({ owner }: Life): number => (barrier.epoch === owner.epoch ? barrier.at : 0)
  const endOf = (id: string): Result | undefined => results.get(id)?.find(({ terminal }) => terminal)
  const correctionOf = (id: string): Result | undefined => results.get(id)?.find(({ corrects }) => corrects !== null)

  /** How much of the time between somebody listened. */
  const listened = (channel: string, from: number, until: number): number =>
    (heard.get(channel) ?? []).reduce(
      (sum, span) => sum + Math.max(0, Math.min(span.until, until) - Math.max(span.from, from)),
      0,
    )

  /** When somebody had listened for so long since; infinite: not yet. */
  const listenedAt = (channel: string, since: number, forMs: number): number => {
    let left = forMs
    for (const span of heard.get(channel) ?? []) {
      const from = Math.max(span.from, since)
      if (span.until - from >= left) return from + left
      left -= Math.max(0, span.until - from)
    }
    return Number.POSITIVE_INFINITY
  }

  const listen = (input: Input, { owner }: Life): void => {
    if (input.kind !== 'feedback') return
    const { feedback } = input
    switch (feedback.kind) {
      case 'receipt':
        receipts.set(feedback.deliveryTag, [...(receipts.get(feedback.deliveryTag) ?? []), feedback.deliveredAt])
        break
      case 'heartbeat':
      case 'hole':
        for (const channel of feedback.channels) {
          const told = feedback.kind === 'hole' ? doubted : claimed
          told.set(channel, unionOf([...(told.get(channel) ?? []), feedback]))
          heard.set(channel, differenceOf(claimed.get(channel) ?? [], doubted.get(channel) ?? []))
        }
        break
      case 'barrier':
        if (feedback.epoch === owner.epoch)
          barrier = { epoch: owner.epoch, at: Math.max(feedback.at, barrier.epoch === owner.epoch ? barrier.at : 0) }
        break
    }
  }

  const checkResult = (result: Result, { life, now, before, inputs }: Taken): void => {
    const { notificationId: id, status, terminal, corrects, cost, channel } = result
    const told = attemptsOf(id).flatMap((attempt) => attempt.told.map(({ kind }) => kind))
    const final = terminal || corrects !== null
    expect(cost, 'what may be charged for has its price, and nothing else').toEqual(final && CHARGED.has(status) ? COST : null)
    if (status === 'delivered') {
      expect(receiptsOf(id), 'delivered is what LINE said, and when').toContain(result.deliveredAt)
      expect(
        results.get(id)?.filter((each) => each.status === 'delivered'),
        'delivered is said once',
      ).toHaveLength(1)
      expect(final, 'delivered is the end').toBe(true)
      return
    }
    expect(result.deliveredAt, 'only what was delivered has a time of delivery').toBeNull()
    const newly = receiptsIn(inputs).filter(({ deliveryTag }) => attemptBy(deliveryTag)?.notification.notificationId === id)
    if (terminal) expect(receiptsOf(id), 'what LINE said is delivered does not end otherwise').toHaveLength(newly.length)
    if (status === 'accepted' && final)
      expect(
        life.settings.awaited.includes(channel ?? ''),
        'accepted is not the end where somebody listens for what comes after',
      ).toBe(false)
    if (status === 'undelivered') {
      expect(corrects, 'undelivered is no correction').toBeNull()
      expect(newly, 'undelivered is what LINE said nothing of').toEqual([])
      expect(told, 'undelivered is what LINE took').toContain('accepted')
      const since = lastMadeAt(id)
      const silentTo = silenceOf(life)
      expect(silentTo, 'undelivered is said behind a barrier').toBeGreaterThanOrEqual(since + DAY)
      expect(listened(channel ?? '', since, silentTo), 'undelivered is a day in which somebody listened').toBeGreaterThanOrEqual(
        DAY,
      )
    }
    if (result.reason === 'no-webhook') {
      expect(before.get(id)?.state, 'only what LINE took waits for a webhook').toBe('accepted')
      expect(now, 'it is waited long for a webhook').toBeGreaterThanOrEqual(lastMadeAt(id) + PATIENCE - CLOCKS_APART)
    }
  }

  /** Whatever became of the unknown without a word: the time in which nobody listened does not count. */
  const checkSilence = (entry: Entry, { before, life, inputs, now }: Taken): void => {
    const was = before.get(entry.notificationId)
    if (was?.state !== 'unknown' || entry.state === 'unknown' || !was.notification) return
    const { channel, unknownWaitMs } = was.notification
    const tags = [...was.pastTags, was.deliveryTag]
    if ([...reportsIn(inputs), ...receiptsIn(inputs)].some(({ deliveryTag }) => tags.includes(deliveryTag))) return
    if (entry.state !== 'done')
      expect(now, 'nothing is sent again that nobody expects any more').toBeLessThan((was.sentAt ?? 0) + RESEND_WITHIN)
    if (!life.settings.awaited.includes(channel)) return
    const heardFor = listened(channel, was.sentAt ?? 0, silenceOf(life))
    if (entry.state !== 'done')
      expect(heardFor, 'nothing is sent again while its receipt may lie unheard').toBeGreaterThanOrEqual(unknownWaitMs)
    else if (heardFor < unknownWaitMs)
      expect(now, 'nothing is given up while its receipt may be heard').toBeGreaterThanOrEqual(
        (was.sentAt ?? 0) + unknownWaitMs + PATIENCE - DAY - CLOCKS_APART,
      )
  }

  const checkReceipt = ({ deliveryTag }: Receipt, forgotten: ReadonlySet<string>): void => {
    const id = attemptBy(deliveryTag)?.notification.notificationId
    if (id === undefined || forgotten.has(id)) return
    const end = endOf(id)
    expect(end, 'a receipt ends what waits for it').toBeDefined()
    if (end?.status === 'delivered' || end?.status === 'accepted')
      expect(correctionOf(id), 'the truth is not corrected').toBeUndefined()
    else expect(correctionOf(id), 'a receipt corrects an end that says otherwise').toBeDefined()
    if (end?.status === 'undelivered')
      expect(correctionOf(id)?.status, 'undelivered is corrected by nothing else').toBe('delivered')
  }

  /** As soon as it has been silent for long enough, or hope is lost, a barrier is asked for; behind it, it ends. */
  const checkPatience = ({ changes, now, life }: Taken): void => {
    if (changes.more || changes.barrierWanted) return
    for (const [id, entry] of entries) {
      const since = awaitedSince.get(id)
      if (entry.state !== 'accepted' || since === undefined || !entry.notification) continue
      const { channel } = entry.notification
      const madeAt = lastMadeAt(id)
      const at = life.settings.awaited.includes(channel)
        ? Math.max(since + DAY, listenedAt(channel, madeAt, DAY))
        : Math.max(since + DAY, madeAt + LAST_PATIENCE)
      const heardTo = life.settings.awaited.includes(channel) ? (heard.get(channel)?.at(-1)?.until ?? 0) : Infinity
      // Asked of everything in every step: an `expect` for each would take most of the time.
      if (at <= heardTo && at <= now) expect.fail('nothing stays accepted after a day of silence')
      if (now >= Math.max(since + PATIENCE, madeAt + LAST_PATIENCE)) expect.fail('nothing stays accepted for ever')
      if (now >= since + PATIENCE && listened(channel, madeAt, Infinity) === 0)
        expect.fail('without a webhook nothing stays accepted for longer than it is hoped for one')
    }
  }

  const checkLinks = ({ changes, inputs, unlinked, before }: Taken, forgotten: ReadonlySet<string>): void => {
    const links = linksIn(inputs)
    for (const attribution of changes.attributions) {
      const { notificationId: id } = attribution
      expect(attributed.has(id), 'a link counts once').toBe(false)
      attributed.add(id)
      const link = links.find((each) => each.notificationId === id)
      expect(link, 'an attribution is a link that was followed').toBeDefined()
      if (link) expect(attribution, 'the first who followed it').toMatchObject(factsOf(link))
      const notification = attemptsOf(id)[0]?.notification
      expect(attribution, 'an attribution names the customer of its notification').toMatchObject({
        customerId: notification?.customerId,
        recipientRef: notification?.recipientRef,
        channel: notification?.channel,
      })
    }
    for (const { notificationId: id } of links)
      if ((before.get(id) ?? entries.get(id))?.notification && !forgotten.has(id))
        expect(attributed.has(id), 'who followed a link is told of').toBe(true)
    // What one of them leaves to the next step is not yet to be compared: what is touched in a step may leave a step sooner.
    const waited = links.some(({ notificationId: id }) => entries.get(id)?.state === 'queued')
    if (!unlinked || waited || changes.more !== unlinked.more) return
    expect(byId(changes.results), 'a link says nothing of what became of it').toEqual(byId(unlinked.results))
    expect(changes.intentions, 'a link sends nothing').toEqual(unlinked.intentions)
    const otherwise = new Map(unlinked.entries.map((entry) => [entry.notificationId, entry]))
    for (const entry of changes.entries) {
      const { notificationId: id } = entry
      expect({ ...entry, linkedAt: 0 }, 'a link changes nothing else').toEqual({
        ...(otherwise.get(id) ?? before.get(id)),
        linkedAt: 0,
      })
    }
  }

  return {
    /** Before anything is judged. */
    listen: ({ inputs, life, changes }: Taken): void => {
      for (const input of inputs) listen(input, life)
      for (const result of changes.results)
        results.set(result.notificationId, [...(results.get(result.notificationId) ?? []), result])
    },
    taken: (taken: Taken, forgotten: ReadonlySet<string>): void => {
      const { changes, inputs, now, before, life } = taken
      for (const result of changes.results) checkResult(result, taken)
      for (const entry of changes.entries) {
        checkSilence(entry, taken)
        if (entry.state === 'accepted' && before.get(entry.notificationId)?.state !== 'accepted')
          expect(life.settings.awaited, 'a receipt is awaited where somebody listens').toContain(entry.notification?.channel)
      }
      checkLinks(taken, forgotten)
      for (const receipt of receiptsIn(inputs)) checkReceipt(receipt, forgotten)
      for (const { notificationId: id } of changes.intentions)
        expect(receiptsOf(id), 'what was delivered is not sent again').toEqual([])
      const foreign = [
        ...receiptsIn(inputs).filter(({ deliveryTag }) => !attemptBy(deliveryTag)),
        ...linksIn(inputs).filter(({ notificationId: id }) => attemptsOf(id).length === 0),
      ]
      expect(changes.strays, 'what belongs to nothing is counted').toBeGreaterThanOrEqual(foreign.length)
      for (const entry of changes.entries) {
        entries.set(entry.notificationId, entry)
        if (entry.state === 'accepted' && !awaitedSince.has(entry.notificationId)) awaitedSince.set(entry.notificationId, now)
      }
      for (const key of changes.forgotten) entries.delete(key.slice(key.indexOf('/') + 1))
      checkPatience(taken)
    },
    /** By what its owner has read. */
    posted: ({ notificationId: id }: Notification, { store }: Life): void => {
      const read = world().feedback.slice(0, store.position()?.feedback ?? 0)
      const tags = attemptsOf(id).map(({ intention }) => intention.deliveryTag)
      expect(
        read.some((feedback) => feedback.kind === 'receipt' && tags.includes(feedback.deliveryTag)),
        'what was delivered is not started again',
      ).toBe(false)
    },
    /** When it was delivered, as far as was read. */
    of: (deliveryTag: string): number | undefined => receipts.get(deliveryTag)?.[0],
  }
}

const factsOf = ({ userId, webhookEventId, linkedAt }: Link) => ({ userId, webhookEventId, linkedAt })

/** Of what falls due at one time, the order is nobody’s. */
const byId = (results: readonly Result[]): Result[] => [...results].sort((a, b) => (a.resultId < b.resultId ? -1 : 1))

/** Both in order, and apart. */
const differenceOf = (spans: readonly Span[], holes: readonly Span[]): Span[] =>
  spans.flatMap(({ from, until }) => {
    const left: Span[] = []
    let begin = from
    for (const hole of holes) {
      if (hole.from > begin) left.push({ from: begin, until: Math.min(until, hole.from) })
      begin = Math.max(begin, hole.until)
      if (begin >= until) break
    }
    if (begin < until) left.push({ from: begin, until })
    return left.filter((each) => each.from < each.until)
  })

/** In order, and apart. */
const unionOf = (spans: readonly Span[]): Span[] => {
  const union: Span[] = []
  for (const { from, until } of [...spans].sort((a, b) => a.from - b.from)) {
    const last = union.at(-1)
    if (last && from <= last.until) union[union.length - 1] = { from: last.from, until: Math.max(last.until, until) }
    else union.push({ from, until })
  }
  return union
}
