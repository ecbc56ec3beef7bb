import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseDocument } from 'yaml'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** `payment-due` and `outage-notice` are the shipped routes; `payments-due` is `payment-due` for many customers in one event.
 *  `disaster-notice` is `outage-notice` with all its settings. */
export const ROUTES = ['payment-due', 'payments-due', 'outage-notice', 'disaster-notice'] as const
export type BenchRoute = (typeof ROUTES)[number]

const ORIGINALS = {
  'payment-due': 'payment-due',
  'payments-due': 'payment-due',
  'outage-notice': 'outage-notice',
  'disaster-notice': 'outage-notice',
} as const

/** What a scenario measures is the path that every notification takes. */
const LEFT_OUT = ['subject', 'revision', 'dedupe', 'fallbackAfter']

/** Lays the routes out, on topics of their own. Returns their folder. */
export const layOutRoutes = async (directory: string, topicOf: (route: BenchRoute) => string): Promise<string> => {
  const folder = join(directory, 'routes')
  await mkdir(folder)
  for (const name of ROUTES) {
    const original = ORIGINALS[name]
    const route = parseDocument(await readFile(join(ROOT, 'routes', `${original}.yaml`), 'utf8'))
    if (name !== 'disaster-notice') for (const setting of LEFT_OUT) route.delete(setting)
    route.set('route', name)
    route.set('topic', topicOf(name))
    route.set('schema', `${name}.avsc`)
    let schema = await schemaOf(original)
    if (name === 'payments-due') {
      schema = manyOf(schema)
      route.set('event', 'jp.example.billing.PaymentsDue')
      route.set('recipients', 'due')
    }
    await writeFile(join(folder, `${name}.avsc`), JSON.stringify(schema))
    await writeFile(join(folder, `${name}.yaml`), String(route))
  }
  return folder
}

/** The message of the shipped route, its texts as they are in the file. */
export const messageOf = async (route: BenchRoute): Promise<unknown> =>
  parseDocument(await readFile(join(ROOT, 'routes', `${route}.yaml`), 'utf8')).toJS().message.flexible

export const exampleOf = async (event: 'payment-due' | 'outage-notice'): Promise<Readonly<Record<string, unknown>>> =>
  JSON.parse(await readFile(join(ROOT, 'examples', `${event}.json`), 'utf8'))

interface RecordSchema {
  readonly name: string
  readonly namespace: string
  readonly fields: readonly object[]
}

const schemaOf = async (event: string): Promise<RecordSchema> =>
  JSON.parse(await readFile(join(ROOT, 'schemas', 'events', `${event}.avsc`), 'utf8'))

const manyOf = ({ namespace, fields }: RecordSchema): RecordSchema => {
  const ofAll = (field: object) => 'name' in field && (field.name === 'eventId' || field.name === 'occurredAt')
  const items = { type: 'record', name: 'PaymentDueOfOne', fields: fields.filter((field) => !ofAll(field)) }
  return { ...PAYMENTS_DUE, namespace, fields: [...fields.filter(ofAll), { name: 'due', type: { type: 'array', items } }] }
}

const PAYMENTS_DUE = { type: 'record', name: 'PaymentsDue' }
