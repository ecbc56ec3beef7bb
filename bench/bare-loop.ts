import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import { Kafka, logLevel } from 'kafkajs'
import { Counter, collectDefaultMetrics, register } from 'prom-client'
import { Pool } from 'undici'
import { patchKafkajs } from '../src/kafka/kafkajs-patches.ts'

/** What one would write in an afternoon, to compare with: consume, decode, fill in a message, POST, 64 at a time, and commit the
 *  offsets after each batch. Killed, it sends up to a batch twice; it has no quiet hours, limits, results, or idea of whom it sent to.
 *  `node bare-loop.ts BROKERS REGISTRY TOPIC LINE MESSAGE`. Serves /metrics, as the worker does, so that both are measured alike. */
const [brokers = '', registryUrl = '', topic = '', line = '', message = ''] = process.argv.slice(2)
const IN_FLIGHT = 64

patchKafkajs()
const registry = new SchemaRegistry({ host: registryUrl })
const pool = new Pool(new URL(line).origin, { connections: IN_FLIGHT, pipelining: 1 })
collectDefaultMetrics()
const sent = new Counter({ name: 'sent_total', help: 'POSTs that LINE accepted.' })
const committed = new Counter({ name: 'committed_total', help: 'Events whose offsets are committed.' })

const { access_token } = (await (
  await fetch(`${line}/oauth2/v3/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: '1', client_secret: 'bench' }),
  })
).json()) as { access_token: string }

const filledIn = (event: Record<string, unknown>): string =>
  message.replaceAll(/\{\{ *([\w.]+)[^}]*\}\}/g, (_, path: string) => {
    const value = path.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown> | null)?.[name], event)
    return JSON.stringify(String(value ?? '')).slice(1, -1)
  })

const send = async (value: Buffer): Promise<void> => {
  const event = await registry.decode(value)
  const to = createHash('sha256').update(event.customer.phone).digest('hex')
  const answer = await pool.request({
    method: 'POST',
    path: '/bot/pnp/push',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${access_token}`,
      'x-line-delivery-tag': event.eventId,
    },
    body: `{"to":"${to}","messages":${filledIn(event)}}`,
  })
  await answer.body.dump()
  if (answer.statusCode === 200) sent.inc()
}

const consumer = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }).consumer({
  groupId: `bare-loop-${process.pid}-${performance.timeOrigin}`,
})
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: true })
await consumer.run({
  autoCommit: false,
  eachBatchAutoResolve: false,
  eachBatch: async ({ batch, resolveOffset, heartbeat, commitOffsetsIfNecessary }) => {
    const values = batch.messages.map(({ value }) => value).filter((value) => value !== null)
    const next = values.values()
    const lane = async () => {
      for (const value of next) await send(value)
    }
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
    await heartbeat()
    const last = batch.lastOffset()
    await commitOffsetsIfNecessary({
      topics: [{ topic, partitions: [{ partition: batch.partition, offset: String(Number(last) + 1) }] }],
    })
    resolveOffset(last)
    committed.inc(values.length)
  },
})

const server = createServer((_request, response) => {
  register.metrics().then(
    (text) => response.end(text),
    () => response.writeHead(500).end(),
  )
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  console.log(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`)
})
