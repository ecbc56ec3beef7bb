import { readFileSync } from 'node:fs'
import type { Schema, Type } from 'avsc'
import type { Route } from '../intake/route.ts'
import { subjectOf } from '../kafka/published-schemas.ts'
import type { RegistryApi } from '../kafka/registry-api.ts'
import { nearest } from '../nearest.ts'
import { type Findings, together } from './findings.ts'
import { measuredType } from './measures.ts'
import { readersOf, readersText, readingsOf } from './readers.ts'
import { unwritten } from './unwritten.ts'

/** A schema that a producer means to write a topic with. */
export interface WriterSchema {
  readonly topic: string
  readonly file: string
}

/** Whether the routes can read what is written with this schema, and, with a registry, whether that would take it. */
export const writerSchema = async (
  { topic, file }: WriterSchema,
  routes: readonly Route[],
  registry: RegistryApi | null,
): Promise<Findings> => {
  const looked = `${file} for ${topic}`
  const written = readSchema(file)
  if (written.kind === 'faulty') return { looked, faults: [`${file}: ${written.fault}`] }
  const read = readability({ topic, file }, written.type, routes)
  const accepted = [registry ? await acceptance({ topic, file }, written.json, registry) : NOT_ASKED]
  return { looked, ...together([read, ...accepted]) }
}

const NOT_ASKED = { well: ['whether the registry takes it as well was not asked (--offline)'] }

type Look = Omit<Findings, 'looked'>

/** What the routes make of the schema. Pure. */
export const readability = ({ topic, file }: WriterSchema, written: Type, routes: readonly Route[]): Look => {
  const readers = readersOf(routes, topic)
  if (readers.length === 0) {
    const topics = [...new Set(routes.map((route) => route.topic))]
    return {
      faults: [`no route reads ${topic}: name a topic that one reads. Nearest: ${nearest(topic, topics).join(', ') || 'none'}`],
    }
  }
  const readings = readingsOf(readers, written)
  if (readings.length === 0)
    return {
      faults: [
        `${file} writes ${written.name ?? `a ${written.typeName}`} to ${topic}, and no route takes that there (${readersText(readers)}): such events would end refused, as no-route. Keep the record's name and namespace, or have a route made for the new one`,
      ],
    }
  return together(
    readings.map(({ route, breaks, misreadings, byCeType }) =>
      breaks.length + misreadings.length === 0
        ? {
            well: [`route ${route.id} can read it${byCeType ? `, where ce_type is ${route.event}` : ''}`],
            ...unwritten(route, written, file),
          }
        : {
            faults: [
              ...breaks.map((each) => `route ${route.id} cannot read ${file}: ${each}`),
              ...misreadings.map((each) => `route ${route.id} would misread ${file}: ${each}`),
            ].map(
              (each) =>
                `${each}. Keep the field as the route reads it and add new ones beside it, or have the route's schema changed first (${route.file})`,
            ),
          },
    ),
  )
}

const acceptance = async ({ topic, file }: WriterSchema, json: object, registry: RegistryApi): Promise<Look> => {
  const subject = subjectOf(topic)
  const answer = await registry.accepts(subject, json)
  if (answer === null) return { well: [`${subject} has no schema yet: nothing that ${file} must be compatible with`] }
  if (answer.compatible) return { well: [`the registry would take it under ${subject}`] }
  const said = answer.messages.length > 0 ? ` It says: ${answer.messages.join('; ')}` : ''
  return {
    faults: [
      `the registry would not take ${file} under ${subject}: it breaks that subject's compatibility (${(await registry.levelOf(subject)) ?? 'unknown'}). Add fields with defaults, remove none without, rename none.${said}`,
    ],
  }
}

type SchemaFile =
  | { readonly kind: 'read'; readonly type: Type; readonly json: object }
  | { readonly kind: 'faulty'; readonly fault: string }

const readSchema = (file: string): SchemaFile => {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    return { kind: 'faulty', fault: `cannot be read (${(cause as NodeJS.ErrnoException).code}): name the .avsc file` }
  }
  try {
    const json: object = JSON.parse(text)
    return { kind: 'read', type: measuredType(json as Schema), json }
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown'
    return { kind: 'faulty', fault: `is not an Avro schema by itself (${why}): give one .avsc with all that it refers to` }
  }
}
