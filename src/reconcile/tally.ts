import type { Endpoint } from '../domain/message.ts'
import type { Result } from '../domain/result.ts'
import { type Day, isIn } from './day.ts'
import { createIdTable } from './id-table.ts'

/** What results say of one day, by the last word on each notification. */
export interface Figures {
  /** By LINE's clock on that day. */
  readonly delivered: number
  /** LINE took them, and that is the end, as nobody listened for more. By when they were sent, as the rest. */
  readonly accepted: number
  /** LINE took them, and it is still waited for its word. */
  readonly awaited: number
  readonly undelivered: number
  readonly unconfirmed: number
  /** An answer is still waited for. */
  readonly unknown: number
  /** Sent on that day, delivered on another. */
  readonly deliveredElsewhere: number
  /** Of those delivered: so near to midnight that LINE may count them on the other side. */
  readonly nearMidnight: number
  /** Of those delivered or accepted, in ten-thousandths, by currency. */
  readonly cost: ReadonlyMap<string, number>
}

export const NOTHING: Figures = {
  delivered: 0,
  accepted: 0,
  awaited: 0,
  undelivered: 0,
  unconfirmed: 0,
  unknown: 0,
  deliveredElsewhere: 0,
  nearMidnight: 0,
  cost: new Map(),
}

export interface Tally {
  /** In the order of each notification's own results. What was told before changes nothing. */
  add(result: Result): void
  figures(): readonly TalliedLane[]
}

export interface TalliedLane {
  readonly channel: string
  readonly endpoint: Endpoint
  readonly figures: Figures
}

export const createTally = (day: Day): Tally => {
  const lanes: MutableLane[] = []
  const byName = new Map<string, number>()
  const known = createIdTable()

  const laneOf = (channel: string, endpoint: Endpoint): number => {
    const name = `${channel}/${endpoint}`
    const number = byName.get(name) ?? lanes.length
    if (number === lanes.length) lanes.push({ channel, endpoint, figures: { ...NOTHING, cost: new Map() } })
    byName.set(name, number)
    return number
  }

  return {
    add: (result) => {
      const { notificationId, sequence, channel, endpoint } = result
      const word = wordOf(result, day)
      if (word === 'passing' || channel === null || endpoint === null) return
      const before = known.get(notificationId)
      if (before === undefined && word === 'none') return
      if (before !== undefined && sequence <= sequenceIn(before)) return
      const number = laneOf(channel, endpoint)
      known.set(notificationId, packed({ sequence, lane: number, word }))
      const was = before === undefined ? 'none' : wordIn(before)
      if (before !== undefined && was !== 'none') add(lanes[laneIn(before)], was, -1)
      const lane = lanes[number]
      if (word !== 'none') add(lane, word, 1)
      if (lane && (word === 'delivered' || word === 'accepted')) charge(lane, result, day)
    },
    figures: () => lanes,
  }
}

interface MutableLane extends TalliedLane {
  readonly figures: { -readonly [Key in keyof Figures]: Figures[Key] } & { readonly cost: Map<string, number> }
}

const add = (lane: MutableLane | undefined, word: Word, difference: number): void => {
  if (lane) lane.figures[word] += difference
}

/** Nothing follows these, so their cost is never taken back. */
const charge = ({ figures }: MutableLane, { cost, deliveredAt }: Result, { from, until }: Day): void => {
  if (cost) figures.cost.set(cost.currency, (figures.cost.get(cost.currency) ?? 0) + cost.tenThousandths)
  if (deliveredAt !== null && (deliveredAt < from + NEAR_MS || deliveredAt >= until - NEAR_MS)) figures.nearMidnight++
}

const NEAR_MS = 5_000

const WORDS = ['delivered', 'accepted', 'awaited', 'undelivered', 'unconfirmed', 'unknown', 'deliveredElsewhere'] as const
type Word = (typeof WORDS)[number]

/** `none`: it says that there is nothing of it on that day. `passing`: it says nothing of what became of it. */
const wordOf = ({ status, terminal, corrects, sentAt, deliveredAt }: Result, day: Day): Word | 'none' | 'passing' => {
  const sent = isIn(day, sentAt)
  switch (status) {
    case 'delivered':
      if (isIn(day, deliveredAt)) return 'delivered'
      return sent ? 'deliveredElsewhere' : 'none'
    case 'accepted':
      if (!sent) return 'none'
      return terminal || corrects !== null ? 'accepted' : 'awaited'
    case 'undelivered':
    case 'unconfirmed':
    case 'unknown':
      return sent ? status : 'none'
    case 'received':
    case 'queued':
    case 'sending':
    case 'fallback_due':
      return 'passing'
    default:
      return 'none'
  }
}

/** One number: the word in 3 bits, the lane in 13, and the sequence above. */
const packed = ({ sequence, lane, word }: { sequence: number; lane: number; word: Word | 'none' }): number =>
  sequence * 2 ** 16 + lane * 8 + (word === 'none' ? WORDS.length : WORDS.indexOf(word))

const sequenceIn = (value: number): number => Math.floor(value / 2 ** 16)
const laneIn = (value: number): number => Math.floor((value % 2 ** 16) / 8)
const wordIn = (value: number): Word | 'none' => WORDS[value % 8] ?? 'none'
