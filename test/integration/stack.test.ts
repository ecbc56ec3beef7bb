import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import { Kafka } from 'kafkajs'
import { expect, inject, onTestFinished, test } from 'vitest'
import { jarDirectory } from '../../dev/jvm/jars.ts'
import { findJava, whyNoJvm } from '../../dev/jvm-stack.ts'
import { PATIENCE_MS } from './patience.ts'
import { alive, descendants } from './process-tree.ts'

const UP = fileURLToPath(new URL('../../dev/up.ts', import.meta.url))

test('a record goes through the broker and a schema through the registry', async () => {
  const name = `stack-${randomUUID()}`
  const registry = new SchemaRegistry({ host: inject('registryUrl') })
  const schema = JSON.stringify({ type: 'record', name: 'Ping', namespace: 'test', fields: [{ name: 'text', type: 'string' }] })
  const { id } = await registry.register({ type: SchemaType.AVRO, schema }, { subject: `${name}-value` })
  expect(await registry.getLatestSchemaId(`${name}-value`)).toBe(id)

  const kafka = new Kafka({ brokers: inject('brokers'), logCreator: () => () => {} })
  const admin = kafka.admin()
  await admin.connect()
  onTestFinished(() => admin.disconnect())
  await admin.createTopics({ waitForLeaders: false, topics: [{ topic: name, numPartitions: 1 }] })
  await expect.poll(() => admin.fetchTopicOffsets(name).catch(() => []), { timeout: PATIENCE_MS }).toHaveLength(1)

  const producer = kafka.producer()
  await producer.connect()
  onTestFinished(() => producer.disconnect())
  await producer.send({ topic: name, messages: [{ value: await registry.encode(id, { text: '通知' }) }] })

  const consumer = kafka.consumer({ groupId: name })
  await consumer.connect()
  onTestFinished(() => consumer.disconnect())
  await consumer.subscribe({ topic: name, fromBeginning: true })
  const received = await new Promise<Buffer | null>((resolve, reject) => {
    consumer.run({ eachMessage: async ({ message }) => resolve(message.value) }).catch(reject)
  })
  expect(await new SchemaRegistry({ host: inject('registryUrl') }).decode(received ?? Buffer.of())).toEqual({ text: '通知' })
})

test('a topic that nobody made is an error, not a new topic', async () => {
  const producer = new Kafka({
    brokers: inject('brokers'),
    logCreator: () => () => {},
    retry: { retries: 0 },
    connectionTimeout: PATIENCE_MS,
  }).producer()
  await producer.connect()
  onTestFinished(() => producer.disconnect())
  await expect(producer.send({ topic: `stack-${randomUUID()}`, messages: [{ value: 'x' }] })).rejects.toThrow(
    'does not host this topic-partition',
  )
})

test('without a given stack, Docker or Java, one message says what mends it', async () => {
  const empty = await mkdtemp(join(tmpdir(), 'tsuchi-test-'))
  onTestFinished(() => rm(empty, { recursive: true }))
  const { code, stdout, stderr } = await up({ PATH: empty, HOME: empty, DOCKER_HOST: `unix://${empty}/docker.sock` })
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr.trimEnd().split('\n')).toEqual([
    expect.stringContaining('There is no Kafka and schema registry to work with'),
    expect.stringMatching(/^ {2}given .*KAFKA_BROKERS and SCHEMA_REGISTRY_URL/),
    expect.stringContaining('e.g. KAFKA_BROKERS=127.0.0.1:9092'),
    expect.stringMatching(/^ {2}docker .*no daemon answers at DOCKER_HOST=/),
    expect.stringMatching(/^ {2}jvm .*Java 17 or later and Maven.*there is no java on the PATH/),
  ])
})

test.each([
  ['the brokers', { KAFKA_BROKERS: '127.0.0.1:1' }, 'set SCHEMA_REGISTRY_URL too'],
  ['the registry', { SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1' }, 'set KAFKA_BROKERS too'],
  ['no known way', { TSUCHI_STACK: 'podman' }, 'set it to docker or jvm'],
])('an environment that names only %s is told what it lacks', async (_what, env, remedy) => {
  const { code, stderr } = await up(env)
  expect(code).toBe(1)
  expect(stderr).toContain(remedy)
})

test('it helps when asked, and starts nothing for an option that it does not know', async () => {
  expect(await up({}, '--help')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^npm run stack\n[\s\S]*TSUCHI_STACK=jvm/),
  })
  expect(await up({}, '--hlep')).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/--hlep[\s\S]+npm run stack/),
  })
})

test('a given stack is used as it is', async () => {
  const child = spawn(process.execPath, [...QUIET, UP], {
    env: { PATH: '', KAFKA_BROKERS: inject('brokers').join(','), SCHEMA_REGISTRY_URL: `${inject('registryUrl')}/` },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(child, 'exit')
  const [line] = await once(createInterface(child.stdout), 'line')
  expect(line).toBe(`export KAFKA_BROKERS=${inject('brokers').join(',')} SCHEMA_REGISTRY_URL=${inject('registryUrl')}`)
  child.kill('SIGTERM')
  expect(await exit).toEqual([0, null])
})

// Where the stack is given or in Docker, a download is no part of this.
const hasJvm = existsSync(await jarDirectory(process.env)) && !(await whyNoJvm(await findJava(process.env), process.env))

test.runIf(hasJvm)('kill -9 of what started a stack leaves neither a process nor a file of it behind', async () => {
  const temporary = await mkdtemp(join(tmpdir(), 'tsuchi-test-'))
  onTestFinished(() => rm(temporary, { recursive: true }))
  const child = spawn(process.execPath, [...QUIET, UP], {
    env: { ...process.env, TSUCHI_STACK: 'jvm', TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(child, 'exit')
  await once(createInterface(child.stdout), 'line')
  const family = await descendants(child.pid)
  expect(family.filter(({ command }) => command === 'java')).toHaveLength(2)

  child.kill('SIGKILL')
  await exit
  await expect
    .poll(async () => ({ left: await alive(family), files: await readdir(temporary) }), { timeout: PATIENCE_MS, interval: 100 })
    .toEqual({ left: [], files: [] })
})

const QUIET = ['--disable-warning=TimeoutNegativeWarning']

const up = async (env: Record<string, string>, ...options: readonly string[]) => {
  const child = spawn(process.execPath, [...QUIET, UP, ...options], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk) => {
      output[name] += String(chunk)
    })
  }
  const [code] = await once(child, 'close')
  return { code, ...output }
}
