import type { Admin } from 'kafkajs'
import type { Route } from '../intake/route.ts'
import { readTopicFacts, type TopicFacts } from '../kafka/topic-facts.ts'
import { hiddenFault } from '../kafka/topics.ts'
import { count, type Findings, together } from './findings.ts'

/** The topics that the routes read. They belong to others: looked at only. */
export const eventTopics = async (admin: Admin, routes: readonly Route[]): Promise<Findings> => {
  const topics = [...new Set(routes.map(({ topic }) => topic))]
  const found = await readTopicFacts(admin, topics)
  const looks = topics.map((topic) => {
    const readers = routes.filter((route) => route.topic === topic)
    const facts = found.get(topic)
    if (facts === 'hidden') return { faults: [hiddenFault(topic)] }
    if (facts) return keepingFindings(topic, readers, facts)
    const ids = readers.map(({ id }) => id).join(', ')
    return {
      faults: [`${topic}, which route ${ids} reads, does not exist: its producers create it, or take the route away`],
    }
  })
  return { looked: `${count(topics.length, 'topic')} that routes read`, ...together(looks) }
}

/** How long the topic keeps its records, against what the routes make of old ones. Pure. */
export const keepingFindings = (
  topic: string,
  routes: readonly Route[],
  { settings }: Pick<TopicFacts, 'settings'>,
): Omit<Findings, 'looked'> => {
  if (settings === null) return { faults: [`${topic}: its settings may not be read, so they were not looked at. See "access"`] }
  const kept = replayableMs(settings)
  return {
    // A record that is read again after its window is not known any more: it is set aside without a result.
    faults: routes
      .filter(({ dedupeWindowMs }) => dedupeWindowMs < kept)
      .map(
        ({ id, dedupeWindowMs }) =>
          `${topic} keeps records ${lengthOf(kept)}, but route ${id} remembers them ${lengthOf(dedupeWindowMs)} only: what is replayed after that ends as a dead letter. Lengthen dedupeWindow, or shorten the topic's retention.ms`,
      ),
    // Gone before anybody could say that it was too late.
    warnings: routes.flatMap((route) =>
      route.kind === 'notify' && kept < route.maxAgeMs
        ? [
            `${topic} keeps records ${lengthOf(kept)} only, but route ${route.id} still sends what is ${lengthOf(route.maxAgeMs).replace('for ', '')} old (maxAge): what could not be read for so long is gone without a result. Lengthen the topic's retention.ms`,
          ]
        : [],
    ),
  }
}

/** How far back the topic can be read again, ms. */
const replayableMs = (settings: ReadonlyMap<string, string>): number => {
  const ms = Number(settings.get('retention.ms') ?? -1)
  return settings.get('cleanup.policy')?.includes('delete') && ms >= 0 ? ms : Number.POSITIVE_INFINITY
}

const lengthOf = (ms: number): string => (Number.isFinite(ms) ? `for ${Number((ms / 3_600_000).toFixed(2))} h` : 'for ever')
