import { departureOf } from '../domain/draft.ts'
import { compareDeparture, type Entry, type Lane, type Line, laneOf, lastSentAt } from '../domain/entry.ts'
import { SortedList } from './sorted-list.ts'

/** What is queued and under way, by recipient, and whose turn it is: the first of every line and the resends of a recipient to whom
 *  nothing is under way. */
export interface Turns {
  add(entry: Entry): void
  remove(entry: Entry): void
  /** After all of a change was removed and added. */
  settle(): void
  waiting(lane: Lane, now: number): Iterable<Entry>
  inLine(line: Line): Iterable<Entry>
  sendingTo(recipientRef: string): Iterable<Entry>
  reached(recipientRef: string, since: number): Iterable<Entry>
  /** When next an entry of those whose turn it is may go. */
  nextWake(now: number): number | undefined
}

interface Person {
  readonly recipientRef: string
  readonly sending: Set<Entry>
  readonly lines: Map<string, SortedList<Entry>>
  readonly resends: Set<Entry>
  readonly reached: SortedList<Entry>
  turns: ReadonlySet<Entry>
}

export const createTurns = (): Turns => {
  const people = new Map<string, Person>()
  const touched = new Set<Person>()
  const ready = new Map<Lane, SortedList<Entry>>()
  /** Of the ready, those that never backed off; those that have, should the clock go back; and whose turn it is, but who backs off. */
  const coming = new SortedList<Entry>(byThen(({ releaseAt }) => releaseAt))
  const backedOff = new SortedList<Entry>(byThen(({ notBefore }) => notBefore))
  const backingOff = new SortedList<Entry>(byThen(({ notBefore }) => notBefore))

  const personOf = (recipientRef: string): Person => {
    const person: Person = people.get(recipientRef) ?? {
      recipientRef,
      sending: new Set(),
      lines: new Map(),
      resends: new Set(),
      reached: new SortedList(byThen((entry) => lastSentAt(entry) ?? 0)),
      turns: new Set(),
    }
    people.set(recipientRef, person)
    touched.add(person)
    return person
  }

  const makeReady = (entry: Entry): void => {
    const lane = laneOfQueued(entry)
    const list = ready.get(lane) ?? new SortedList<Entry>(byDeparture)
    ready.set(lane, list)
    list.add(entry)
    if (backsOff(entry)) backedOff.add(entry)
    else coming.add(entry)
  }
  const makeUnready = (entry: Entry): void => {
    ready.get(laneOfQueued(entry))?.remove(entry)
    if (backsOff(entry)) backedOff.remove(entry)
    else coming.remove(entry)
  }
  const takeTurn = (entry: Entry): void => (backsOff(entry) ? backingOff.add(entry) : makeReady(entry))
  const giveUpTurn = (entry: Entry): void => (backingOff.has(entry) ? backingOff.remove(entry) : makeUnready(entry))

  const catchUp = (now: number): void => {
    for (const entry of [...whileTrue(backingOff, ({ notBefore }) => notBefore <= now)]) {
      backingOff.remove(entry)
      makeReady(entry)
    }
    for (let last = backedOff.last(); last && last.notBefore > now; last = backedOff.last()) {
      makeUnready(last)
      backingOff.add(last)
    }
  }

  return {
    add: (entry) => {
      if (!entry.notification) return
      const person = personOf(entry.notification.recipientRef)
      if (lastSentAt(entry) !== null) person.reached.add(entry)
      if (entry.state === 'sending') person.sending.add(entry)
      if (entry.state !== 'queued') return
      if (entry.resend) return void person.resends.add(entry)
      const line = person.lines.get(lineKey(entry.notification)) ?? new SortedList<Entry>(byDeparture)
      person.lines.set(lineKey(entry.notification), line)
      line.add(entry)
    },
    remove: (entry) => {
      if (!entry.notification) return
      const person = personOf(entry.notification.recipientRef)
      if (lastSentAt(entry) !== null) person.reached.remove(entry)
      person.sending.delete(entry)
      if (person.turns.has(entry)) {
        giveUpTurn(entry)
        person.turns = person.turns.difference(new Set([entry]))
      }
      if (entry.state !== 'queued' || person.resends.delete(entry)) return
      const key = lineKey(entry.notification)
      const line = person.lines.get(key)
      line?.remove(entry)
      if (line?.first() === undefined) person.lines.delete(key)
    },
    settle: () => {
      for (const person of touched) {
        const firsts = [...person.lines.values()].map((line) => line.first()).filter((entry) => entry !== undefined)
        const turns = new Set(person.sending.size > 0 ? [] : [...firsts, ...person.resends])
        for (const entry of person.turns.difference(turns)) giveUpTurn(entry)
        for (const entry of turns.difference(person.turns)) takeTurn(entry)
        person.turns = turns
        if (isBlank(person)) people.delete(person.recipientRef)
      }
      touched.clear()
    },
    waiting: (lane, now) => {
      catchUp(now)
      return dueOf(ready.get(lane), now)
    },
    inLine: (line) => people.get(line.recipientRef)?.lines.get(lineKey(line)) ?? [],
    sendingTo: (recipientRef) => people.get(recipientRef)?.sending ?? [],
    reached: (recipientRef, since) => people.get(recipientRef)?.reached.from((entry) => (lastSentAt(entry) ?? 0) <= since) ?? [],
    nextWake: (now) => {
      const isOver = ({ notBefore }: Entry) => notBefore <= now
      const ahead = [
        coming.firstNot(({ releaseAt }) => releaseAt <= now)?.releaseAt,
        backingOff.firstNot(isOver)?.notBefore,
        backedOff.firstNot(isOver)?.notBefore,
      ].filter((at) => at !== undefined)
      return ahead.length > 0 ? Math.min(...ahead) : undefined
    },
  }
}

/** In a lane the urgent come first, and only then is it by time: of each kind, those that are due. */
function* dueOf(lane: SortedList<Entry> | undefined, now: number): Iterable<Entry> {
  if (!lane) return
  const isUrgent = (entry: Entry) => departureOf(entry).urgent
  const isDue = ({ releaseAt }: Entry) => releaseAt <= now
  yield* whileTrue(lane, (entry) => isUrgent(entry) && isDue(entry))
  yield* whileTrue(lane.from(isUrgent), isDue)
}

export function* whileTrue<T>(items: Iterable<T>, holds: (item: T) => boolean): Iterable<T> {
  for (const item of items) {
    if (!holds(item)) return
    yield item
  }
}

export const byThen = (key: (entry: Entry) => number) => (a: Entry, b: Entry) => key(a) - key(b) || a.arrival - b.arrival

const byDeparture = (a: Entry, b: Entry) => compareDeparture(departureOf(a), departureOf(b))

const backsOff = ({ notBefore, releaseAt }: Entry) => notBefore > releaseAt

const lineKey = ({ channel, urgent }: Omit<Line, 'recipientRef'>): string => `${urgent}/${channel}`

const laneOfQueued = ({ notification, notificationId }: Entry): Lane => {
  if (!notification) throw new Error(`${notificationId} is queued, and there is nothing to send`)
  return laneOf(notification)
}

const isBlank = ({ sending, lines, resends, reached }: Person) =>
  sending.size === 0 && lines.size === 0 && resends.size === 0 && reached.first() === undefined
