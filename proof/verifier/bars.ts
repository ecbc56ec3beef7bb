import type { Asked } from './history.ts'
import type { Known, MarkSeen, PauseSeen, Sending } from './known.ts'

/** What is known of a subject when this mark is committed. */
export interface MarkKnown {
  readonly offset: number
  readonly committedAt: number
  readonly epoch: number
  readonly cancelledAt: number
  readonly revision: number
}

interface PauseKnown {
  readonly seen: PauseSeen
  readonly epoch: number
  /** The greatest so far. */
  readonly committedAt: number
}

/** All that called off or paused anything, by partition and subject or channel, in the order of the journal. */
export interface Barring {
  readonly marks: ReadonlyMap<string, readonly MarkKnown[]>
  readonly pauses: ReadonlyMap<string, readonly PauseKnown[]>
  /** By how much `committedAt` may be later than the commit. */
  readonly lagMs: number
  /** Intentions that were committed though their own journal barred them. */
  readonly committed: readonly { readonly where: string; readonly what: string }[]
}

export const journalBars = ({ history, commits, asked }: Known): Barring => {
  const { commitSlackMs, slackMs, marksForMs = Number.POSITIVE_INFINITY } = history.settings
  const marks = new Map<string, MarkKnown[]>()
  const pauses = new Map<string, PauseKnown[]>()
  const committed: { where: string; what: string }[] = []
  for (const [partition, made] of commits)
    for (const commit of made) {
      for (const seen of commit.marks) learnMark(listAt(marks, keyOf(partition, seen.subject)), seen, commit.epoch, marksForMs)
      for (const seen of commit.pauses) learnPause(listAt(pauses, keyOf(partition, seen.channel)), seen, commit.epoch)
      for (const sending of commit.sent) {
        const { position } = sending.entry
        const was = asked.get(position)
        const what = was && barredIn({ marks, pauses }, sending, was, marksForMs)
        if (what !== undefined) committed.push({ where: `${sending.tag} of ${position}`, what })
      }
    }
  return {
    marks,
    pauses,
    committed,
    lagMs: commitSlackMs === null ? Number.POSITIVE_INFINITY : Math.max(commitSlackMs ?? 0, slackMs),
  }
}

/** What the owner of an intention committed after it, and since when, that should have kept it from starting at this instant. */
export function* barsSince(
  barring: Barring,
  start: { readonly sending: Sending; readonly asked: Asked; readonly at: number },
): Iterable<{ readonly what: string; readonly since: number }> {
  const { subject, channel } = start.asked
  const { partition } = start.sending.entry
  const called = subject === null ? undefined : calledOff(barring.marks.get(keyOf(partition, subject)) ?? [], start)
  if (called) yield called
  const since = channel === null ? undefined : pausedSince(barring, barring.pauses.get(keyOf(partition, channel)) ?? [], start)
  if (since !== undefined) yield { what: `the pause of ${channel}`, since }
}

type Start = { readonly sending: Sending; readonly asked: Asked; readonly at: number }

const calledOff = (told: readonly MarkKnown[], { sending, asked, at }: Start) => {
  const { entry, epoch } = sending
  for (let index = firstWhere(told, ({ offset }) => offset > entry.offset); ; index++) {
    const mark = told[index]
    if (!mark || mark.epoch !== epoch || mark.committedAt >= at) return undefined
    const what = callsOff(mark, asked)
    if (what !== undefined) return { what, since: mark.committedAt }
  }
}

/** Since when its owner had paused the channel without a break. */
const pausedSince = ({ lagMs }: Barring, told: readonly PauseKnown[], { sending, at }: Start): number | undefined => {
  const { entry, epoch, tag } = sending
  const next = firstWhere(told, ({ committedAt }) => committedAt >= at)
  let since: number | undefined
  for (let index = next - 1; index >= 0; index--) {
    const pause = told[index]
    if (!pause?.seen.paused || pause.seen.probe === tag || pause.epoch !== epoch || pause.seen.offset < entry.offset) break
    since = pause.committedAt
  }
  if (since === undefined) return undefined
  for (let index = next; index < told.length; index++) {
    const pause = told[index]
    if (!pause || pause.committedAt - lagMs > at) break
    if (!pause.seen.paused) return undefined
  }
  return since
}

/** How a mark bars what was asked, in words. */
const callsOff = (mark: MarkKnown, { eventTime, revision }: Asked): string | undefined => {
  if (eventTime <= mark.cancelledAt) return 'its cancellation'
  return revision !== null && revision < mark.revision ? 'a newer revision' : undefined
}

/** Whether what was committed by then keeps this intention from being made. */
const barredIn = (
  { marks, pauses }: Pick<Barring, 'marks' | 'pauses'>,
  { entry, tag }: Sending,
  asked: Asked,
  marksForMs: number,
): string | undefined => {
  const mark = asked.subject === null ? undefined : marks.get(keyOf(entry.partition, asked.subject))?.at(-1)
  const what = mark && mark.committedAt + marksForMs >= entry.committedAt ? callsOff(mark, asked) : undefined
  if (what !== undefined) return `its intention was committed after ${what} was`
  const pause = asked.channel === null ? undefined : pauses.get(keyOf(entry.partition, asked.channel))?.at(-1)
  return pause?.seen.paused && pause.seen.probe !== tag
    ? `its intention was committed after the pause of ${asked.channel} was`
    : undefined
}

const learnMark = (told: MarkKnown[], seen: MarkSeen, epoch: number, marksForMs: number): void => {
  const last = told.at(-1)
  const before = last && last.committedAt + marksForMs >= seen.committedAt ? last : undefined
  const nothing = Number.NEGATIVE_INFINITY
  told.push({
    offset: seen.offset,
    committedAt: seen.committedAt,
    epoch,
    cancelledAt: Math.max(before?.cancelledAt ?? nothing, seen.cancelledAt ?? nothing),
    revision: Math.max(before?.revision ?? nothing, seen.revision ?? nothing),
  })
}

const learnPause = (told: PauseKnown[], seen: PauseSeen, epoch: number): void => {
  told.push({ seen, epoch, committedAt: Math.max(told.at(-1)?.committedAt ?? seen.committedAt, seen.committedAt) })
}

const keyOf = (partition: number, name: string): string => `${partition}/${name}`

const listAt = <T>(lists: Map<string, T[]>, key: string): T[] => {
  const known = lists.get(key)
  if (known) return known
  const made: T[] = []
  lists.set(key, made)
  return made
}

/** The index of the first that holds, where all after it hold too; the length: none does. */
const firstWhere = <T>(items: readonly T[], holds: (item: T) => boolean): number => {
  let [low, high] = [0, items.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const item = items[middle]
    if (item !== undefined && holds(item)) high = middle
    else low = middle + 1
  }
  return low
}
