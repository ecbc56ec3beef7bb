import type { Fact, Place } from './fact.ts'
import { type IdKind, matchOf, notificationIdIn, type Search, searchesFor, subjectIn } from './id-kind.ts'
import { openRecords, type Reading, type Records, type RecordsOptions } from './records.ts'
import { type Circumstances, type Story, storyOf, tagsIn } from './story.ts'

export interface Traced {
  /** The newest first. */
  readonly stories: readonly Story[]
  /** As what the id was found; or was looked for. */
  readonly kinds: readonly IdKind[]
  readonly reading: Reading
}

/** Everything that tsuchi's own topics say of a notification, or of all that an event, a person or a subject has. Reads first who it is
 *  about, then all about those, in their partitions alone, and last what was heard of their attempts; so it keeps nothing in memory of all
 *  the others. */
export const trace = async (
  options: RecordsOptions & { readonly id: string; readonly as: IdKind | undefined },
): Promise<Traced> => {
  const records = await openRecords(options)
  const searches = searchesFor(options.id, options.as, options.partitions)
  let reading: Reading = { records: new Map(), unreadable: { count: 0, first: null } }
  for (const search of searches) {
    const found = await find(records, search, options.names.results)
    reading = found.reading
    if (found.matched.size === 0) continue
    const gathered = await gather(records, found)
    const stories = [...found.matched.keys()].map((id) => storyOf(id, gathered.about.get(id) ?? [], gathered.circumstances))
    return { stories: stories.sort(newestFirst), kinds: [...new Set(found.matched.values())], reading: gathered.reading }
  }
  return { stories: [], kinds: searches.flatMap(({ kinds }) => kinds), reading }
}

const newestFirst = (a: Story, b: Story): number => b.at - a.at || (a.notificationId < b.notificationId ? -1 : 1)

interface Found {
  readonly matched: ReadonlyMap<string, IdKind>
  readonly partitions: ReadonlySet<number>
  readonly subjects: ReadonlySet<string>
  readonly reading: Reading
}

const find = async (records: Records, search: Search, results: string): Promise<Found> => {
  const matched = new Map<string, IdKind>()
  const partitions = new Set<number>()
  const subjects = new Set<string>()
  // Of these there is one: found, and known what it is about, nothing else is looked for.
  const single = search.kinds.every((kind) => kind === 'notification' || kind === 'tag')
  const onFact = (fact: Fact) => {
    const kind = matchOf(fact, search)
    const id = kind && notificationIdIn(fact)
    if (!kind || !id) return 'go-on'
    matched.set(id, kind)
    for (const partition of partitionsOf(fact.place)) partitions.add(partition)
    const subject = subjectIn(fact)
    if (subject) subjects.add(subject)
    return single && subject !== undefined ? 'stop' : 'go-on'
  }
  const partitionsOf = ({ topic, partition }: Place) => (topic === results ? records.publishersTo(partition) : [partition])
  const reading = await records.read({
    topics: ['requests', 'journal', 'results'],
    partitions: search.partitions,
    onFact,
    onAnew: () => {},
  })
  return { matched, partitions, subjects, reading }
}

interface Gathered {
  readonly about: ReadonlyMap<string, readonly Fact[]>
  readonly circumstances: Circumstances
  readonly reading: Reading
}

const gather = async (records: Records, { matched, partitions, subjects }: Found): Promise<Gathered> => {
  const about = new Map<string, Fact[]>([...matched.keys()].map((id) => [id, []]))
  const others: Fact[] = []
  const latest = new Map<string, Fact>()
  const keep = (fact: Fact): void => {
    switch (fact.kind) {
      case 'request':
      case 'entry':
      case 'result':
      case 'forgotten': {
        const id = fact.kind === 'forgotten' ? fact.notificationId : notificationIdIn(fact)
        const own = id === undefined ? undefined : about.get(id)
        own?.push(fact)
        return
      }
      case 'marking':
        if (subjects.has(fact.marking.subject)) others.push(fact)
        return
      case 'mark':
        if (subjects.has(fact.subject)) latest.set(`mark ${fact.place.partition} ${fact.subject}`, fact)
        return
      case 'pause':
        latest.set(`pause ${fact.place.partition} ${fact.channel}`, fact)
        return
      case 'coverage':
        latest.set(`coverage ${fact.place.partition} ${fact.channel}`, fact)
        return
      case 'position':
        latest.set(`position ${fact.place.partition}`, fact)
    }
  }
  const told = await records.read({
    topics: ['requests', 'journal', 'results'],
    partitions: [...partitions],
    onFact: (fact) => {
      keep(fact)
      return 'go-on'
    },
    onAnew: () => {
      for (const facts of about.values()) facts.length = 0
      others.length = 0
    },
  })
  const tags = new Set([...about.values()].flat().flatMap(tagsIn))
  const isAbout = (fact: Fact) =>
    (fact.kind === 'handover' && tags.has(fact.report.deliveryTag)) ||
    (fact.kind === 'receipt' && tags.has(fact.deliveryTag)) ||
    (fact.kind === 'link' && about.has(fact.link.notificationId))
  const heard = await records.read({
    topics: ['feedback'],
    partitions: [...partitions],
    onFact: (fact) => {
      if (isAbout(fact)) others.push(fact)
      return 'go-on'
    },
    onAnew: () => {},
  })
  return { about, circumstances: { others, latest: [...latest.values()] }, reading: together(told, heard) }
}

const together = (a: Reading, b: Reading): Reading => ({
  records: new Map([...a.records, ...b.records]),
  unreadable: { count: a.unreadable.count + b.unreadable.count, first: a.unreadable.first ?? b.unreadable.first },
})
