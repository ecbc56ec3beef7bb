import { createHmac, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeAll, expect, test, vi } from 'vitest'
import type { Config } from '../../src/config.ts'
import type { Feedback } from '../../src/domain/input.ts'
import { decodeFeedback } from '../../src/kafka/internal-codec.ts'
import { phoneOf } from '../../src/line-simulator/people.ts'
import { makeTopics } from './domain-topics.ts'
import { paymentDue } from './events.ts'
import { openGateway } from './gateway.ts'
import { DESTINATION, type Installation, install, LINE_CHANNEL } from './installation.ts'
import { untilMetric } from './metrics.ts'
import { PATIENCE_MS } from './patience.ts'
import { openTopicReader, type TopicRecord } from './topic-records.ts'
import { tsuchi } from './tsuchi-command.ts'

const TOPIC = `gateway-${randomUUID().slice(0, 8)}`

let at: Installation
const letters: TopicRecord[] = []
const feedback: { readonly each: Feedback; readonly partition: number }[] = []
/** What the partner's tool has been sent. */
const forwarded: { readonly body: string; readonly signature: string | string[] | undefined }[] = []
let caughtUp: () => Promise<void>

beforeAll(async () => {
  const tool = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      forwarded.push({ body: Buffer.concat(chunks).toString(), signature: request.headers['x-line-signature'] })
      response.end()
    })
  })
  await new Promise<void>((resolve) => tool.listen(0, '127.0.0.1', resolve))
  const forward = `http://127.0.0.1:${(tool.address() as AddressInfo).port}/`
  at = await install({
    partitions: 2,
    webhook: true,
    config: { webhook: { topic: TOPIC }, channels: { main: { webhook: { forward } } } },
  })
  await makeTopics(at.kafka, [TOPIC], 2)
  const gateway = await openGateway(at.kafka, TOPIC)
  at.simulator.webhooks.set({ channel: LINE_CHANNEL, url: gateway.url, secret: secret(), destination: DESTINATION })
  const reader = await openTopicReader({
    kafka: at.kafka,
    topics: [at.topics.deadLetters, at.topics.feedback],
    isolation: 'committed',
    onRecord: (record) => {
      if (record.topic === at.topics.deadLetters) letters.push(record)
      else feedback.push({ each: decodeFeedback(record.value), partition: record.partition })
    },
  })
  caughtUp = reader.caughtUp
  return async () => {
    await at.close()
    await reader.close()
    await gateway.close()
    tool.closeAllConnections()
    await new Promise((resolve) => tool.close(resolve))
  }
})

const secret = () => at.config.channels.main?.webhook?.secrets[0] ?? ''
let people = 0
const notify = () => at.produceOne('payment-due', paymentDue({ id: 'C-1', phone: phoneOf('reachable', ++people) }))
const withSecret = (config: Config, other: string): Config => {
  const { main } = config.channels
  if (!main?.webhook) throw new Error('no webhook')
  return { ...config, channels: { ...config.channels, main: { ...main, webhook: { ...main.webhook, secrets: [other] } } } }
}
const put = (body: string, headers: Record<string, string> = {}) => at.produceRaw(TOPIC, { value: body, headers })
const signed = (body: string) => ({ 'x-line-signature': createHmac('sha256', secret()).update(body).digest('base64') })
const beats = () => feedback.flatMap(({ each, partition }) => (each.kind === 'heartbeat' ? [{ ...each, partition }] : []))
/** Every partition has been told that this time is covered. */
const untilCovered = (time: number) =>
  vi.waitFor(
    async () => {
      await caughtUp()
      for (const partition of [0, 1])
        expect(beats().findLast((beat) => beat.partition === partition)?.until).toBeGreaterThan(time)
    },
    { timeout: PATIENCE_MS, interval: 200 },
  )
/** Without those of markers that this test has put into feedback. */
const refusedOf = (all: readonly TopicRecord[]) => all.filter(({ value }) => value)
const reasonOf = ({ headers }: TopicRecord) => String(headers['__connect.errors.exception.class.name'])

test('what LINE says comes by a topic: set aside while the secret is wrong, and delivered once that is mended and it is replayed', async () => {
  const first = await at.startWorker({ config: withSecret(at.config, 'an old secret') })
  expect(first.webhookUrl).toBeUndefined()
  const place = await notify()
  await untilMetric(first, 'tsuchi_webhook_topic_records_total', { outcome: 'webhook-wrong-signature' }, (count) => count === 2)
  await caughtUp()
  // LINE's test of the webhook, which the worker has asked for, and what LINE says.
  expect(refusedOf(letters).map(reasonOf)).toEqual(['webhook-wrong-signature', 'webhook-wrong-signature'])
  expect(String(letters[0]?.headers['__connect.errors.exception.message'])).toContain(
    'has channels.<name>.webhook.secrets the right ones',
  )
  expect(forwarded).toEqual([])
  await first.stop()

  const futile = await tsuchi({ ...at, env: { ...at.env, LINE_CHANNEL_SECRET: 'another wrong one' } }, [
    'dead-letters',
    'replay',
    '--reason',
    'webhook-wrong-signature',
  ])
  expect(futile.stdout).toContain('0 of 2 would be replayed')
  expect(futile.stderr).toContain('still poison: webhook-wrong-signature')

  const second = await at.startWorker()
  const done = await tsuchi(at, ['dead-letters', 'replay', '--reason', 'webhook-wrong-signature', '--yes'])
  expect(done).toMatchObject({ code: 0 })
  expect(done.stderr).toContain('replayed 2 of 2')
  expect(await at.results.endOf(place)).toMatchObject({ status: 'delivered' })
  const said = forwarded.filter(({ body }) => !body.includes('"events":[]'))
  expect(said).toHaveLength(1)
  for (const { body, signature } of forwarded) expect(signed(body)['x-line-signature']).toBe(signature)
  await untilCovered(Date.now())
  await second.stop()
})

test('what came while nobody read it is read, and covered; nothing is covered beyond what is read', async () => {
  const begun = Date.now()
  const body = JSON.stringify({ destination: DESTINATION, events: [] })
  const [lying] = await Promise.all([put(body, signed(body)), put(body, signed(body))])
  expect(lying.topic).toBe(TOPIC)
  const worker = await at.startWorker()
  await untilMetric(worker, 'tsuchi_webhook_checks_total', { channel: 'main' }, (count) => count >= 2)
  await untilCovered(begun)
  for (const { channels, from, until } of beats()) {
    expect(channels).toEqual(['main'])
    expect(from).toBeLessThan(until)
    expect(until).toBeLessThanOrEqual(Date.now())
  }
  await worker.stop()
})

test('what is not signed by a secret of ours, or not about an account of ours, is set aside; the rest goes on', async () => {
  const before = refusedOf(letters).length
  const worker = await at.startWorker()
  const body = JSON.stringify({ destination: DESTINATION, events: [{ type: 'follow', source: { userId: 'U-canary' } }] })
  const foreign = body.replace(DESTINATION, 'U00000000000000000000000000000000')
  await put(body)
  await put(body, { 'x-line-signature': 'GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs=' })
  await put(foreign, signed(foreign))
  await put('U-canary', signed('U-canary'))
  const place = await notify()
  expect(await at.results.endOf(place)).toMatchObject({ status: 'delivered' })
  await vi.waitFor(
    async () => {
      await caughtUp()
      expect(refusedOf(letters).slice(before).map(reasonOf).toSorted()).toEqual([
        'webhook-unknown-account',
        'webhook-unreadable',
        'webhook-unsigned',
        'webhook-wrong-signature',
      ])
    },
    { timeout: PATIENCE_MS, interval: 200 },
  )
  for (const { headers } of letters) expect(JSON.stringify(Object.entries(headers).map(String))).not.toContain('U-canary')
  expect(at.log.join('\n')).not.toContain('U-canary')
  expect(await (await fetch(`${worker.url}/metrics`)).text()).not.toContain('U-canary')
  await worker.stop()
})

test('a topic that does not exist is said at the start, with the setting', async () => {
  const config = { ...at.config, webhook: { ...at.config.webhook, topic: 'nowhere' } }
  await expect(at.startWorker({ config, mayDie: true })).rejects.toThrow(
    'nowhere, which webhook.topic names, does not exist: whoever writes signed bodies to it creates it',
  )
})
