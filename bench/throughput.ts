import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import { Kafka, logLevel } from 'kafkajs'
import { type Leash, leash } from '../dev/leash.ts'
import { startStack } from '../dev/stack.ts'

/** One worker, everything on: decode, render, seal, commit, send to a LINE that answers after 20 ms, publish. A backlog of payment-due
 *  events is worked off; the clock runs from the first request at LINE to the last. `node bench/throughput.ts [EVENTS] [LATENCY_MS]`. */
const EVENTS = Number(process.argv[2] ?? 20_000)
const LATENCY_MS = Number(process.argv[3] ?? 20)
const TOPIC = 'billing.payment-due'
const root = new URL('..', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'tsuchi-bench-'))
const secrets = { TSUCHI_PEPPER: randomBytes(32).toString('base64'), TSUCHI_SEALING_KEY: randomBytes(32).toString('base64') }

const say = (line: string) => console.error(line)
let started = 0
/** On a leash: it ends with us, however we end. */
const tsuchi = (...args: readonly string[]): Leash =>
  leash([process.execPath, join(root, 'src/cli.ts'), ...args], join(folder, `process-${started++}`), {
    ...process.env,
    ...secrets,
  })
const done = async (child: Leash) => {
  await child.whenEnded
  if (child.ended()?.status !== 0) throw new Error(await child.logTail())
}
/** What it has printed, once it has. */
const said = async (child: Leash, pattern: RegExp): Promise<string> => {
  for (;;) {
    const [, found] = pattern.exec(await child.log()) ?? []
    if (found !== undefined) return found
    if (child.ended()) throw new Error(await child.logTail())
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
/** User and system time of the worker, s, by its own metrics. */
const cpuSeconds = async (workerUrl: string): Promise<number> =>
  Number(/^process_cpu_seconds_total (\S+)/m.exec(await (await fetch(`${workerUrl}/metrics`)).text())?.[1])

const stack = await startStack({ onProgress: say })
const simulator = tsuchi(
  'line-simulator',
  '--port',
  '0',
  '--latency',
  String(LATENCY_MS),
  '--rate-limit',
  '1000000',
  '--no-log-bodies',
)
try {
  const lineUrl = await said(simulator, /^(http:\/\/\S+)$/m)
  const config = join(folder, 'tsuchi.yaml')
  writeFileSync(
    config,
    JSON.stringify({
      kafka: { brokers: stack.brokers, group: `bench-${process.pid}` },
      registry: { url: stack.registryUrl },
      topics: { prefix: `bench-${process.pid}`, partitions: 12, replication: 1 },
      privacy: { pepper: '${TSUCHI_PEPPER}', sealingKeys: ['${TSUCHI_SEALING_KEY}'] },
      routes: join(root, 'routes'),
      quietHours: 'none',
      channels: {
        main: {
          baseUrl: lineUrl,
          token: { kind: 'stateless', clientId: '1', clientSecret: 'bench', url: `${lineUrl}/oauth2/v3/token` },
          limits: { template: 1_000_000, flexible: 1_000_000 },
        },
      },
      http: { host: '127.0.0.1', port: 0 },
      log: { level: 'info' },
    }),
  )
  await done(tsuchi('topics', 'create', '--config', config))
  await done(tsuchi('schemas', 'register', '--events', '--config', config))
  await produce()
  say(`${EVENTS} events wait; starting one worker`)

  const worker = tsuchi('run', '--config', config, '--from', 'earliest')
  const { first, last, cpu } = await watch(lineUrl, worker)
  const seconds = (last - first) / 1_000
  console.log(`${EVENTS} notifications, LINE answers after ${LATENCY_MS} ms, 12 partitions, one worker`)
  console.log(`  ${(EVENTS / seconds).toFixed(0)} notifications/s (${seconds.toFixed(1)} s from the first request to the last)`)
  console.log(`  worker CPU ${((cpu / EVENTS) * 10_000).toFixed(2)} s per 10,000, from its start`)
  await worker.end()
} finally {
  await simulator.end()
  await stack.stop()
  rmSync(folder, { recursive: true, force: true })
}

async function produce(): Promise<void> {
  const kafka = new Kafka({ brokers: stack.brokers, logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  const existing = await admin.listTopics()
  const topics = [TOPIC, 'reservation.reminder-due', 'network.outage-notice'].filter((topic) => !existing.includes(topic))
  await admin.createTopics({ waitForLeaders: false, topics: topics.map((topic) => ({ topic, numPartitions: 3 })) })
  await admin.disconnect()
  const registry = new SchemaRegistry({ host: stack.registryUrl })
  const id = await registry.getLatestSchemaId(`${TOPIC}-value`)
  const example = JSON.parse(readFileSync(join(root, 'examples/payment-due.json'), 'utf8'))
  const producer = kafka.producer()
  await producer.connect()
  for (let from = 0; from < EVENTS; from += 1_000) {
    const messages = Array.from({ length: Math.min(1_000, EVENTS - from) }, async (_, index) => {
      const n = from + index
      const customer = { ...example.customer, id: `C-${n}`, phone: `+8160${10_000_000 + n}` }
      return {
        key: customer.id,
        value: await registry.encode(id, {
          ...example,
          eventId: `bench-${process.pid}-${n}`,
          occurredAt: Date.now(),
          dueDate: '2099-12-31',
          customer,
        }),
      }
    })
    await producer.send({ topic: TOPIC, messages: await Promise.all(messages) })
  }
  await producer.disconnect()
}

async function watch(lineUrl: string, worker: Leash): Promise<{ first: number; last: number; cpu: number }> {
  const workerUrl = await said(worker, /"event":"started","http":"([^"]+)"/)
  let first = 0
  for (;;) {
    if (worker.ended()) throw new Error(await worker.logTail())
    const stats = (await (await fetch(`${lineUrl}/_simulator/stats`)).json()) as { flexible: { total: number } }
    const { total } = stats.flexible
    if (total > 0 && first === 0) first = Date.now()
    if (total >= EVENTS) return { first, last: Date.now(), cpu: await cpuSeconds(workerUrl) }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
