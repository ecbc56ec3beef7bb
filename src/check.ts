import type { Admin } from 'kafkajs'
import { readRoutes } from './app.ts'
import { type Config, ConfigError } from './config.ts'
import type { Route } from './intake/route.ts'
import { formatFault } from './intake/route-fault.ts'
import { RoutesError } from './intake/routes-error.ts'
import { createKafka, START_RETRY } from './kafka/client.ts'
import { compareImmutables } from './kafka/create-topics.ts'
import { createRegistry } from './kafka/event-reader.ts'
import { createResultEncoder, SchemaError } from './kafka/result-codec.ts'
import { partitionCounts, TopicsError, topicNames, topicSetting, verifyTopics, withAdmin } from './kafka/topics.ts'
import { connectionOf } from './kafka-connection.ts'
import { sharesOf } from './stages/channels.ts'

/** What would keep a worker from doing what it promises: each fault with its remedy. Looks only; changes nothing. Throws if the brokers
 *  cannot be asked. */
export const check = async (config: Config, kafkaLog: Parameters<typeof createKafka>[1]): Promise<readonly string[]> => {
  const kafka = createKafka(connectionOf(config, 'check'), kafkaLog, START_RETRY)
  const { prefix, partitions } = config.topics
  const faults: string[] = []
  const routes = soundRoutes(faults, config)
  faults.push(...limitFaults(config, partitions))
  const names = topicNames(prefix)
  const gather = (error: unknown) => {
    if (!(error instanceof TopicsError)) throw error
    faults.push(...error.faults)
  }
  await verifyTopics(kafka, names, partitions)
    .then(() => compareImmutables({ kafka, names, partitions, pepper: config.privacy.pepper, group: config.kafka.group }))
    .catch(gather)
  await createResultEncoder(createRegistry(config.registry), names.results).catch((error: unknown) => {
    if (!(error instanceof SchemaError)) throw error
    faults.push(error.message)
  })
  faults.push(...(await withAdmin(kafka, (admin) => domainTopicFaults(admin, routes))))
  return faults
}

const soundRoutes = (faults: string[], config: Config): readonly Route[] => {
  try {
    return readRoutes(config)
  } catch (error) {
    if (!(error instanceof RoutesError)) throw error
    faults.push(...error.faults.map(formatFault))
    return error.sound
  }
}

const limitFaults = (config: Config, partitions: number): readonly string[] => {
  try {
    sharesOf(config, partitions)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.faults
  }
}

const domainTopicFaults = async (admin: Admin, routes: readonly Route[]): Promise<string[]> => {
  const topics = [...new Set(routes.map(({ topic }) => topic))]
  const counts = await partitionCounts(admin, topics)
  const faults = await Promise.all(
    topics.map(async (topic) => {
      const readers = routes.filter((route) => route.topic === topic)
      if (!counts.has(topic))
        return [
          `${topic}, which route ${readers.map(({ id }) => id).join(', ')} reads, does not exist: its producers create it, or take the route away`,
        ]
      return windowFaults(topic, readers, await replayableMs(admin, topic))
    }),
  )
  return faults.flat()
}

/** How far back the topic can be read again, ms. */
const replayableMs = async (admin: Admin, topic: string): Promise<number> => {
  const [policy, retention] = await Promise.all([
    topicSetting(admin, topic, 'cleanup.policy'),
    topicSetting(admin, topic, 'retention.ms'),
  ])
  const ms = Number(retention ?? -1)
  return policy?.includes('delete') && ms >= 0 ? ms : Number.POSITIVE_INFINITY
}

/** A record that is read again after its window is not known any more: it is set aside without a result. */
const windowFaults = (topic: string, routes: readonly Route[], replayable: number): string[] =>
  routes
    .filter(({ dedupeWindowMs }) => dedupeWindowMs < replayable)
    .map(
      ({ id, dedupeWindowMs }) =>
        `${topic} keeps records ${lengthOf(replayable)}, but route ${id} remembers them ${lengthOf(dedupeWindowMs)} only: what is replayed after that ends as a dead letter. Lengthen dedupeWindow, or shorten the topic's retention.ms`,
    )

const lengthOf = (ms: number): string => (Number.isFinite(ms) ? `for ${ms / 3_600_000} h` : 'for ever')
