import type { Coverage } from '../domain/coverage.ts'
import type { Endpoint } from '../domain/message.ts'
import type { Pause } from '../domain/pause.ts'
import type { Position } from '../domain/position.ts'
import type { EventFacts } from '../domain/request.ts'
import type { Fact, Place, Remembered } from './fact.ts'

/** One notification, from the event to what is known of it now. */
export interface Story {
  readonly notificationId: string
  /** Of requests, feedback and journal; null if only results tell of it. */
  readonly partition: number | null
  /** When its event was read, or the first that is known of it. */
  readonly at: number
  readonly status: string
  readonly about: About
  /** In the order of time. */
  readonly facts: readonly Fact[]
  /** Changes of state that no result tells. */
  readonly silent: ReadonlySet<Fact>
  readonly now: Now
}

/** What is known of it from whatever tells it. */
export interface About {
  readonly position: Position | null
  readonly event: EventFacts | null
  readonly customerId: string | null
  readonly recipientRef: string | null
  readonly route: string | null
  readonly purpose: string | null
  readonly channel: string | null
  readonly endpoint: Endpoint | null
  readonly subject: string | null
  readonly zone: string | null
}

/** What the journal has. */
export type Now =
  | {
      readonly kind: 'remembered'
      readonly place: Place
      readonly entry: Remembered
      /** Of its channel, in its partition, as long as it waits. */
      readonly pause: Pause | null
      /** When LINE's events of its channel were heard there, while it waits for one. */
      readonly coverage: Coverage | null
      /** Of its subject. */
      readonly mark: FactOf<'mark'>['mark']
    }
  | { readonly kind: 'forgotten' /** `null`: so long ago that its tombstone is gone, too. */; readonly at: number | null }
  | { readonly kind: 'not-read' /** Requests that dispatch reads before it. */; readonly before: number }
  | { readonly kind: 'nothing' }

/** What is not about one notification, but concerns those found. */
export interface Circumstances {
  /** Hand-overs, receipts, links, and marks on their way. */
  readonly others: readonly Fact[]
  /** The last that the journal has of each mark, pause, coverage and position. */
  readonly latest: readonly Fact[]
}

export type FactOf<Kind extends Fact['kind']> = Extract<Fact, { kind: Kind }>

export const storyOf = (notificationId: string, own: readonly Fact[], { others, latest }: Circumstances): Story => {
  const partition = own.find(({ kind }) => kind !== 'result')?.place.partition ?? null
  const about = aboutOf(own)
  const tags = new Set(own.flatMap(tagsIn))
  const further = others.filter(
    (fact) =>
      (fact.kind === 'handover' && tags.has(fact.report.deliveryTag)) ||
      (fact.kind === 'receipt' && tags.has(fact.deliveryTag)) ||
      (fact.kind === 'link' && fact.link.notificationId === notificationId) ||
      (fact.kind === 'marking' && fact.marking.subject === about.subject && fact.place.partition === partition),
  )
  const facts = inOrder([...own, ...further])
  const here = latest.filter(({ place }) => place.partition === partition)
  return {
    notificationId,
    partition,
    at: facts[0]?.at ?? 0,
    status: statusOf(own),
    about,
    facts,
    silent: silentChanges(own),
    now: nowOf(own, about, here),
  }
}

const only = <Kind extends Fact['kind']>(facts: readonly Fact[], kind: Kind): FactOf<Kind>[] =>
  facts.filter((fact): fact is FactOf<Kind> => fact.kind === kind)

/** By time; but what one task says stays in the order in which it said it, as the next one may run on another clock. */
const inOrder = (facts: readonly Fact[]): Fact[] => {
  const times = new Map<Fact, number>()
  for (const kind of ['result', 'entry'] as const) {
    let latest = Number.NEGATIVE_INFINITY
    for (const fact of facts.filter((each) => each.kind === kind).sort((a, b) => stepOf(a) - stepOf(b))) {
      latest = Math.max(latest, fact.at)
      times.set(fact, latest)
    }
  }
  const timeOf = (fact: Fact) => times.get(fact) ?? fact.at
  return [...facts].sort((a, b) => timeOf(a) - timeOf(b) || RANKS[a.kind] - RANKS[b.kind] || stepOf(a) - stepOf(b))
}

const stepOf = (fact: Fact): number => (fact.kind === 'result' ? fact.result.sequence : fact.place.offset)

/** Of what happens within one millisecond: causes first. */
const RANKS: Readonly<Record<Fact['kind'], number>> = {
  request: 0,
  marking: 1,
  mark: 1,
  handover: 2,
  receipt: 2,
  link: 2,
  coverage: 2,
  position: 2,
  pause: 2,
  entry: 3,
  result: 4,
  forgotten: 5,
}

/** Of every attempt that it tells of. */
export const tagsIn = (fact: Fact): readonly string[] => {
  if (fact.kind === 'entry') return [...fact.entry.pastTags, ...(fact.entry.deliveryTag ? [fact.entry.deliveryTag] : [])]
  return fact.kind === 'result' && fact.result.deliveryTag ? [fact.result.deliveryTag] : []
}

const aboutOf = (facts: readonly Fact[]): About => {
  const told = facts.map(aboutIn)
  const first = <Key extends keyof About>(key: Key): About[Key] | null =>
    told.map((each) => each[key]).find((value) => value != null) ?? null
  return {
    position: first('position'),
    event: first('event'),
    customerId: first('customerId'),
    recipientRef: first('recipientRef'),
    route: first('route'),
    purpose: first('purpose'),
    channel: first('channel'),
    endpoint: first('endpoint'),
    subject: first('subject'),
    zone: first('zone'),
  }
}

const aboutIn = (fact: Fact): Partial<About> => {
  if (fact.kind === 'result') return fact.result
  if (fact.kind === 'entry') return fact.entry.notification ?? { position: fact.entry.position }
  if (fact.kind !== 'request') return {}
  return fact.request.kind === 'ready' ? fact.request.notification : fact.request
}

/** What was last said of it, or would have been. */
const statusOf = (facts: readonly Fact[]): string => {
  const entry = only(facts, 'entry').at(-1)?.entry
  if (entry) return entry.status === 'received' ? entry.state : entry.status
  const results = only(facts, 'result')
    .map(({ result }) => result)
    .filter(({ status }) => status !== 'fallback_due')
    .sort((a, b) => a.sequence - b.sequence)
  return results.at(-1)?.status ?? 'received'
}

/** Where results are published of all that happens, most changes of state are told by one. */
const silentChanges = (facts: readonly Fact[]): ReadonlySet<Fact> => {
  const told = new Set(only(facts, 'result').map(({ result }) => result.sequence))
  const versions = only(facts, 'entry').sort((a, b) => a.place.offset - b.place.offset)
  return new Set(
    versions.filter(({ entry: { sequence } }, n) => {
      const before = versions[n - 1]?.entry.sequence
      return before === sequence || !told.has(sequence - 1)
    }),
  )
}

const nowOf = (own: readonly Fact[], { channel, subject }: About, here: readonly Fact[]): Now => {
  const inJournal = own
    .filter(({ kind }) => kind === 'entry' || kind === 'forgotten')
    .sort((a, b) => a.place.offset - b.place.offset)
  const last = inJournal.at(-1)
  if (last?.kind === 'forgotten') return { kind: 'forgotten', at: last.at }
  if (last?.kind === 'entry') {
    const pause = only(here, 'pause').find((fact) => fact.channel === channel)?.pause ?? null
    const mark = only(here, 'mark').find((fact) => fact.subject === subject)?.mark ?? null
    const { place, entry } = last
    const coverage = only(here, 'coverage').find((fact) => fact.channel === channel)?.coverage ?? null
    return {
      ...{ kind: 'remembered', place, entry, mark },
      pause: entry.state === 'queued' ? pause : null,
      coverage: entry.state === 'accepted' || entry.state === 'unknown' ? coverage : null,
    }
  }
  if (own.some(({ kind }) => kind === 'result')) return { kind: 'forgotten', at: null }
  const position = only(here, 'position').at(-1)?.position.requests ?? 0
  const request = only(own, 'request').at(-1)?.place.offset ?? 0
  return request >= position ? { kind: 'not-read', before: request - position } : { kind: 'nothing' }
}
