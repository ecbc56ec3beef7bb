import type { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import avsc, { type Schema, type Type } from 'avsc'
import type { Config } from '../config.ts'
import type { Route } from '../intake/route.ts'
import { createEncoder, publishedBy, subjectOf } from '../kafka/published-schemas.ts'
import type { RegisteredVersion, RegistryApi } from '../kafka/registry-api.ts'
import { foundBy, RegistryError, troubleOf } from '../kafka/registry-error.ts'
import { topicNames } from '../kafka/topics.ts'
import { faultsOfFailure } from './failed-look.ts'
import { count, type Findings, together } from './findings.ts'
import { measuredType } from './measures.ts'
import { readersOf, readersText, readingsOf } from './readers.ts'

type Look = Omit<Findings, 'looked'>

interface Registry {
  readonly api: RegistryApi
  /** The worker's own client: it puts together schemas that refer to others. */
  readonly client: SchemaRegistry
}

/** When no more versions are asked for: what was found until then is worth more than an answer that is too late. */
interface Deadline {
  readonly until: number
  readonly monotonic: () => number
}

/** The schemas of what is published, those of the events, and what may follow them. */
export const schemas = async (
  { api, client, ...deadline }: Registry & Deadline,
  config: Config,
  routes: readonly Route[],
): Promise<Findings> => {
  const subjects = await api.subjects() // before anything else: whether there is a registry at all
  const given = { config, api, client, subjects, ...deadline }
  const topics = [...new Set(routes.map(({ topic }) => topic))]
  const [published, ofEvents] = await Promise.all([
    Promise.all(publishedBy(topicNames(config.topics.prefix)).map((each) => publishedFindings(each, given))),
    Promise.all(topics.map((topic) => eventFindings(topic, routes, given))),
  ])
  const versions = ofEvents.reduce((sum, each) => sum + each.versions, 0)
  const looked = `${count(published.length, 'schema')} of what is published, and ${count(versions, 'version')} of ${count(topics.length, 'subject')} of events`
  return { looked, ...together([...published, ...ofEvents]) }
}

interface Given extends Registry, Deadline {
  readonly config: Config
  readonly subjects: ReadonlySet<string>
}

const publishedFindings = async ({ topic, schema }: { topic: string; schema: object }, given: Given): Promise<Look> => {
  const missing = await createEncoder(given.client, topic, schema).then(() => [], faultsOfFailure)
  const subject = subjectOf(topic)
  const level = given.subjects.has(subject)
    ? await levelFindings(
        subject,
        ['FULL_TRANSITIVE'],
        'a version that old or new consumers cannot read could be registered',
        given,
      )
    : {}
  return together([{ faults: missing }, level])
}

const eventFindings = async (
  topic: string,
  routes: readonly Route[],
  given: Given,
): Promise<Look & { readonly versions: number }> => {
  const subject = subjectOf(topic)
  if (!given.subjects.has(subject))
    return {
      versions: 0,
      warnings: [
        `${subject} is not in the registry: nothing was produced yet that a route can read. Its producers register it, or name their subjects differently`,
      ],
    }
  const level = levelFindings(
    subject,
    ['FULL_TRANSITIVE', 'BACKWARD_TRANSITIVE'],
    'a version that does not go with the earlier ones could be registered, and its events end as poison',
    given,
  )
  const numbers = await given.api.versionsOf(subject)
  const looks = await versionLooks(topic, numbers, routes, given)
  const seen = looks.filter((look) => look !== null)
  const late = numbers.length - seen.length
  const faults =
    late === 0
      ? []
      : [
          `${subject}: of ${count(numbers.length, 'version')} only the newest ${seen.length} were looked at, as the registry is slow: look at its own log, and at the network, and try again`,
        ]
  return { versions: seen.length, ...together([await level, ...seen, { faults }]) }
}

/** Newest first, as producers write those; in the order of their numbers. Null: it was too late for it. */
const versionLooks = async (
  topic: string,
  numbers: readonly number[],
  routes: readonly Route[],
  given: Given,
): Promise<readonly (Look | null)[]> => {
  const left = numbers.map((number, place) => ({ number, place }))
  const looks: (Look | null)[] = numbers.map(() => null)
  const lookOn = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined && given.monotonic() < given.until; next = left.pop()) {
      const version = await given.api.versionOf(subjectOf(topic), next.number)
      looks[next.place] = await versionFindings(topic, version, routes, given)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lookOn))
  return looks
}

/** Of one subject. */
const AT_ONCE = 8

/** Real people's messages hang on it in production only. */
const levelFindings = async (subject: string, wanted: readonly string[], why: string, { api, config }: Given): Promise<Look> => {
  const level = await api.levelOf(subject)
  if (level !== null && wanted.includes(level)) return {}
  const body = `{"compatibility":"${wanted[0]}"}`
  const found = [
    `${subject} has compatibility ${level ?? 'unknown'} in the registry, and ${wanted.join(' or ')} is wanted: ${why}. Set it: curl -X PUT -H 'content-type: application/vnd.schemaregistry.v1+json' -d '${body}' ${config.registry.url.replace(/\/$/, '')}/config/${encodeURIComponent(subject)}`,
  ]
  return config.environment === 'production' ? { faults: found } : { warnings: found }
}

const versionFindings = async (
  topic: string,
  version: RegisteredVersion,
  routes: readonly Route[],
  { client }: Given,
): Promise<Look> => {
  const named = `${subjectOf(topic)} version ${version.version} (id ${version.id})`
  if (version.type !== 'AVRO')
    return {
      faults: [`${named} is ${version.type}, and only Avro can be read: its events end as poison. Its producers write Avro`],
    }
  const written = await typeOf(version, client)
  if (written === null) return { faults: [`${named} is no Avro schema that can be read: its events end as poison`] }
  return readFindings({ topic, named }, written, routes)
}

/** What the routes make of one version. Pure. */
export const readFindings = (
  { topic, named }: { readonly topic: string; readonly named: string },
  written: Type,
  routes: readonly Route[],
): Look => {
  const readers = readersOf(routes, topic)
  const readings = readingsOf(readers, written)
  if (readings.length === 0)
    return {
      warnings: [
        `${named} is ${written.name ?? `a ${written.typeName}`}, and no route takes that from ${topic} (${readersText(readers)}): its events end refused, as no-route. Make a route for it, or mend that route's event`,
      ],
    }
  return {
    faults: readings.flatMap(({ route, breaks, misreadings }) => {
      const remedy = `Its producers write as before, or the route's schema learns of it (${route.file})`
      if (breaks.length > 0)
        return [`${named} cannot be read by route ${route.id}: ${breaks.join('; ')}. Its events end as poison. ${remedy}`]
      return misreadings.length > 0 ? [`${named} is misread by route ${route.id}: ${misreadings.join('; ')}. ${remedy}`] : []
    }),
  }
}

const typeOf = async ({ id, text, hasReferences }: RegisteredVersion, client: SchemaRegistry): Promise<Type | null> => {
  if (hasReferences) {
    const schema = await client.getSchema(id).catch((cause: unknown) => {
      const trouble = troubleOf(cause)
      throw new RegistryError(trouble === 'absent' ? 'failed' : trouble, foundBy(cause), { cause })
    })
    return avsc.Type.isType(schema) ? (schema as Type) : null // without what its numbers count
  }
  try {
    return measuredType(JSON.parse(text) as Schema)
  } catch {
    return null
  }
}
