import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import kafkajs, { type Admin } from 'kafkajs'
import { expect, inject, onTestFinished, test, vi } from 'vitest'
import { parse, stringify } from 'yaml'
import { deleteTopics } from './domain-topics.ts'
import { type Installation, install } from './installation.ts'
import { PATIENCE_MS } from './patience.ts'
import { type Ended, tsuchi } from './tsuchi-command.ts'

const adminOf = async (at: Installation): Promise<Admin> => {
  const admin = at.kafka.admin()
  await admin.connect()
  onTestFinished(() => admin.disconnect())
  return admin
}

/** Resolves when the broker says so too: its own metadata lag behind. */
const alter = async (admin: Admin, topic: string, settings: Readonly<Record<string, string>>): Promise<void> => {
  const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }))
  await admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] })
  await expect
    .poll(
      async () => {
        const { resources } = await admin.describeConfigs({
          includeSynonyms: false,
          resources: [{ ...resource, configNames: Object.keys(settings) }],
        })
        const entries = resources.flatMap((each) => each.configEntries)
        return Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue]))
      },
      { timeout: PATIENCE_MS },
    )
    .toEqual(settings)
}

/** Lines of a section, without its own. */
const under = ({ stderr }: Ended, section: string): string[] => {
  const lines = stderr.split('\n')
  const start = lines.findIndex((line) => line.slice(2).startsWith(`${section}: `))
  const end = lines.findIndex((line, place) => place > start && !line.startsWith('  '))
  return start < 0 ? [] : lines.slice(start + 1, end).map((line) => line.trim())
}
const lastLine = ({ stderr }: Ended) => stderr.trimEnd().split('\n').at(-1)

const asRegistry = async (method: 'POST' | 'PUT', path: string, body: object): Promise<void> => {
  const headers = { 'content-type': 'application/vnd.schemaregistry.v1+json' }
  const answer = await fetch(`${inject('registryUrl')}${path}`, { method, headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`the registry answered ${answer.status} to ${path}`)
}

const PAYMENT_DUE = new URL('../../schemas/events/payment-due.avsc', import.meta.url)

/** The event of payment-due as a producer might change it. */
const paymentDue = async (change: (fields: { name: string; type: unknown }[]) => object[]): Promise<string> => {
  const schema = JSON.parse(await readFile(PAYMENT_DUE, 'utf8'))
  return JSON.stringify({ ...schema, fields: change(schema.fields) })
}
const amountAsText = () =>
  paymentDue((fields) => fields.map((field) => (field.name === 'amountYen' ? { ...field, type: 'string' } : field)))

test('an installation as it should be: nothing is wrong, and it says what it has looked at', async () => {
  const at = await install()
  onTestFinished(at.close)
  const ended = await tsuchi(at, ['check', '--json'])
  expect(ended.stderr.trimEnd().split('\n')).toEqual([
    `✓ configuration: ${at.configFile}, development, 1 channel`,
    '✓ routes: 4 in routes/',
    '✓ channels: main (line-simulator, live) over 3 partitions',
    expect.stringMatching(/^✓ brokers: 1 broker, found by /),
    '✓ access: what a worker, and this command, must be allowed',
    `✓ topics: 8 topics of tsuchi's own, ${at.name}.*`,
    `✓ immutables: pepper, partitions and group are those that ${at.topics.journal} began with; it is in format 1`,
    '✓ events: 4 topics that routes read',
    '✓ schemas: 3 schemas of what is published, and 4 versions of 4 subjects of events',
    '✓ credentials: 1 channel',
    '  ✓ channels.main: a token was issued',
    'nothing is wrong',
  ])
  expect([ended.code, JSON.parse(ended.stdout)]).toEqual([0, { faults: [], warnings: [] }])
})

test('whatever is wrong is told at once, each with its remedy, and it ends with 1', async () => {
  const at = await install({
    config: { channels: { main: { limits: { flexible: 2 } } } },
    routes: { 'outage-notice': { dedupeWindow: 'P2D' } },
  })
  onTestFinished(at.close)
  const admin = await adminOf(at)
  await alter(admin, at.events['payment-due'], { 'retention.ms': '-1' })
  const gone = [at.topics.results, at.topics.optOuts, at.events['ride-reminder']]
  await deleteTopics(at.kafka, gone)
  await vi.waitUntil(async () => !(await admin.listTopics()).some((topic) => gone.includes(topic)), {
    interval: 50,
    timeout: PATIENCE_MS,
  })
  const faulty = join(at.directory, 'routes', 'faulty.yaml')
  await writeFile(faulty, 'route: faulty\npurpose: advertising\n')

  const ended = await tsuchi(at, ['check'])
  expect(ended.code).toBe(1)
  for (const fault of [
    /faulty\.yaml.*purpose/,
    /channels\.main\.limits\.flexible: /,
    `${at.topics.results} does not exist: run \`tsuchi topics create\``,
    `${at.topics.optOuts} does not exist: run \`tsuchi topics create\``,
    new RegExp(`${at.events['ride-reminder']}, which route ride-reminder reads, does not exist: its producers create it`),
    new RegExp(
      `${at.events['payment-due']} keeps records for ever, but route payment-due remembers them for 168 h only: .*Lengthen dedupeWindow`,
    ),
    new RegExp(`${at.events['outage-notice']} keeps records for 168 h, but route outage-notice remembers them for 48 h only`),
  ])
    expect.soft(ended.stderr).toMatch(fault)
  expect(ended.stderr).not.toMatch(/ {4}at /) // no stack
  expect(lastLine(ended)).toMatch(/^\d+ faults$/)

  await rm(faulty)
  const mended = await tsuchi(at, ['check'])
  expect(mended.code).toBe(1)
  expect(mended.stderr).toMatch(/payment-due keeps records for ever/)
  expect(lastLine(mended)).toBe('6 faults')
})

test('in production one replica is a fault, and a level that lets anything be registered; in development only the latter is said', async () => {
  const at = await install()
  onTestFinished(at.close)
  const subject = `${at.events['payment-due']}-value`
  await asRegistry('PUT', `/config/${subject}`, { compatibility: 'BACKWARD' })
  const admin = await adminOf(at)
  await alter(admin, at.topics.journal, { 'cleanup.policy': 'compact', 'segment.ms': '604800000' })

  const loose = `${subject} has compatibility BACKWARD in the registry, and FULL_TRANSITIVE or BACKWARD_TRANSITIVE is wanted: a version that does not go with the earlier ones could be registered, and its events end as poison. Set it: curl -X PUT -H 'content-type: application/vnd.schemaregistry.v1+json' -d '{"compatibility":"FULL_TRANSITIVE"}' ${inject('registryUrl')}/config/${subject}`
  const unbounded = `${at.topics.journal} has max.compaction.lag.ms=9223372036854775807, and at most 7 days (604800000) is wanted`
  const development = await tsuchi(at, ['check'])
  expect(under(development, 'schemas')).toEqual([`! ${loose}`])
  expect(under(development, 'topics')).toEqual([expect.stringContaining(unbounded)])
  expect([development.code, lastLine(development)]).toEqual([1, '1 fault'])

  const config = parse(await readFile(at.configFile, 'utf8'))
  await writeFile(at.configFile, stringify({ ...config, environment: 'production' }))
  const production = await tsuchi(at, ['check', '--json'])
  expect(under(production, 'schemas')).toEqual([`✗ ${loose}`])
  expect(under(production, 'topics')).toEqual(
    Object.values(at.topics).flatMap((topic) => [
      expect.stringContaining(`✗ ${topic} has replication factor 1, and 3 is wanted`),
      expect.stringContaining(`✗ ${topic} has min.insync.replicas=1, and 2 is wanted`),
      ...(topic === at.topics.journal ? [expect.stringContaining(unbounded)] : []),
    ]),
  )
  expect(JSON.parse(production.stdout).faults).toContainEqual({ section: 'schemas', message: loose })
  expect(lastLine(production)).toBe('18 faults')
})

test('a version that a route cannot read is told with field and types, before an event of it ends as poison', async () => {
  const at = await install()
  onTestFinished(at.close)
  const subject = `${at.events['payment-due']}-value`
  await asRegistry('PUT', `/config/${subject}`, { compatibility: 'NONE' })
  await asRegistry('POST', `/subjects/${subject}/versions`, { schema: await amountAsText() })
  await asRegistry('PUT', `/config/${subject}`, { compatibility: 'FULL_TRANSITIVE' })
  const ended = await tsuchi(at, ['check'])
  expect(under(ended, 'schemas')).toEqual([
    expect.stringMatching(
      new RegExp(
        `^✗ ${subject} version 2 \\(id \\d+\\) cannot be read by route payment-due: amountYen is a string, and the route reads a long\\. Its events end as poison\\.`,
      ),
    ),
  ])
  expect([ended.code, lastLine(ended)]).toEqual([1, '1 fault'])
})

test("a producer's changed schema is tried with the routes and with the registry", async () => {
  const at = await install()
  onTestFinished(at.close)
  const topic = at.events['payment-due']
  const wider = join(at.directory, 'wider.avsc')
  const broken = join(at.directory, 'broken.avsc')
  await writeFile(wider, await paymentDue((fields) => [...fields, { name: 'note', type: ['null', 'string'], default: null }]))
  await writeFile(broken, await amountAsText())

  const fine = await tsuchi(at, ['check', '--writer-schema', `${topic}=${wider}`])
  expect(under(fine, 'writer schema')).toEqual([
    '✓ route payment-due can read it',
    `✓ the registry would take it under ${topic}-value`,
  ])
  expect([fine.code, lastLine(fine)]).toEqual([0, 'nothing is wrong'])

  const bad = await tsuchi(at, ['check', '--writer-schema', `${topic}=${broken}`])
  expect(under(bad, 'writer schema')).toEqual([
    expect.stringContaining(
      `✗ route payment-due cannot read ${broken}: amountYen is a string, and the route reads a long. Keep the field as the route reads it`,
    ),
    `✗ the registry would not take ${broken} under ${topic}-value: it breaks that subject's compatibility (BACKWARD_TRANSITIVE). Add fields with defaults, remove none without, rename none.`,
  ])
  expect([bad.code, lastLine(bad)]).toEqual([1, '2 faults'])

  const secretless = await tsuchi({ configFile: at.configFile, env: {} }, [
    'check',
    '--offline',
    '--writer-schema',
    `${topic}=${broken}`,
    '--writer-schema',
    `${topic}x=${wider}`,
  ])
  expect(secretless.stderr).toContain(`✗ no route reads ${topic}x: name a topic that one reads. Nearest: ${topic}, `)
  expect(secretless.stderr).toContain('– offline: neither brokers nor registry nor LINE were asked')
  expect([secretless.code, lastLine(secretless)]).toEqual([1, '2 faults'])
})

test('a registry at another path is told as one, by check and by the commands that need it', async () => {
  const at = await install({ registryUrl: new URL('/', inject('registryUrl')).href })
  onTestFinished(at.close)
  const wrongPath = "something answers at registry.url, but not with the registry's API: give the path too"
  const checked = await tsuchi(at, ['check'])
  expect(under(checked, 'schemas')).toEqual([
    expect.stringContaining(`✗ the schema registry could not be asked (HTTP 404): ${wrongPath}`),
  ])
  expect([checked.code, lastLine(checked)]).toEqual([1, '1 fault'])
  const registered = await tsuchi(at, ['schemas', 'register'])
  expect(registered.stderr).toContain(`${at.topics.results}-value could not be registered (HTTP 404): ${wrongPath}`)
})

test('without brokers it says so, and still looks at the rest', async () => {
  const at = await install({ config: { kafka: { brokers: ['127.0.0.1:1'] } } })
  onTestFinished(at.close)
  const ended = await tsuchi(at, ['check'])
  expect(under(ended, 'brokers')).toEqual([expect.stringMatching(/ECONNREFUSED.*kafka\.brokers/)])
  expect(ended.stderr).toContain('– access, topics, immutables, events: not looked at without brokers')
  expect(ended.stderr).toContain('✓ schemas: 3 schemas of what is published, and 4 versions of 4 subjects of events')
  expect(ended.stderr).not.toMatch(/ {4}at /) // no stack
  expect([ended.code, lastLine(ended)]).toEqual([1, '1 fault'])
})

test('with another pepper than the journal began with', async () => {
  const at = await install()
  onTestFinished(at.close)
  const pepper = Buffer.alloc(32, 7).toString('base64')
  const ended = await tsuchi({ ...at, env: { ...at.env, TSUCHI_PEPPER: pepper } }, ['check'])
  expect(under(ended, 'immutables')).toEqual([
    expect.stringContaining(`${at.topics.journal} was made with another pepper than privacy.pepper`),
  ])
  expect(ended.stderr).not.toContain(pepper)
})
