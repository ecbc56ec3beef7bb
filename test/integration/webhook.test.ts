import { createHmac } from 'node:crypto'
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import { beforeAll, describe, expect, inject, onTestFinished, test, vi } from 'vitest'
import { type CuttableProxy, openProxy } from '../../dev/cuttable-proxy.ts'
import type { Worker } from '../../src/app.ts'
import type { Feedback } from '../../src/domain/input.ts'
import { linkTokenKey, linkTokenOf } from '../../src/domain/link-token.ts'
import { decodeFeedback } from '../../src/kafka/internal-codec.ts'
import { digestOf, phoneOf } from '../../src/line-simulator/people.ts'
import type { WebhookFaultSpec } from '../../src/line-simulator/webhook-fault.ts'
import { paymentDue } from './events.ts'
import { DESTINATION, type Installation, installRunning, LINE_CHANNEL } from './installation.ts'
import { untilMetric } from './metrics.ts'
import { PATIENCE_MS } from './patience.ts'
import { openTopicReader, type TopicRecord } from './topic-records.ts'

/** Between the worker of this file and the brokers, so that they can be taken away. */
const way = vi.hoisted((): { proxy: CuttableProxy | undefined } => ({ proxy: undefined }))
vi.mock('../../src/kafka/sockets.ts', async (load) => {
  const original = await load<typeof import('../../src/kafka/sockets.ts')>()
  const makeSocket: typeof original.makeSocket = (wanted) => {
    const [host = wanted.host, port = wanted.port] = way.proxy?.address.split(':') ?? []
    return original.makeSocket({ ...wanted, host, port: Number(port) })
  }
  return { ...original, makeSocket }
})

const USER = 'U4af4980629000000000000000000000a'
const SHOP = 'Uc7472b39e21dab71c2347e02714630d6'
const SHOP_SECRETS = ['the new secret of shop', 'the old secret of shop']

let at: Installation
let worker: Worker
const feedback: Feedback[] = []
const friendRecords: TopicRecord[] = []
let caughtUp: () => Promise<void>

beforeAll(async () => {
  const [broker = ''] = inject('brokers')
  const [host = '', port] = broker.split(':')
  const proxy = await openProxy({ host, port: Number(port) })
  way.proxy = proxy
  at = await installRunning({
    partitions: 1,
    webhook: true,
    simulator: { redeliver: true, redeliveryGapsMs: Array.from({ length: 20 }, () => 500) },
    config: {
      channels: {
        shop: {
          mode: 'shadow',
          token: { kind: 'long-lived', token: 'any' },
          webhook: { destination: SHOP, secrets: SHOP_SECRETS },
        },
      },
    },
  })
  const [only] = at.workers
  if (!only) throw new Error('no worker')
  worker = only
  const reader = await openTopicReader({
    kafka: at.kafka,
    topics: [at.topics.feedback, at.topics.friendEvents],
    isolation: 'committed',
    onRecord: (record) => {
      if (record.topic === at.topics.friendEvents) friendRecords.push(record)
      else feedback.push(decodeFeedback(record.value))
    },
  })
  caughtUp = reader.caughtUp
  return async () => {
    await reader.close()
    await at.close()
    await proxy.close()
  }
})
let people = 0
const somebody = () => phoneOf('reachable', ++people)
const notify = (phone: string) => at.produceOne('payment-due', paymentDue({ id: 'C-1', phone }))
const under = (phone: string, fault: WebhookFaultSpec) =>
  at.simulator.webhookFaults.add({ ...fault, to: digestOf(phone) } as WebhookFaultSpec)
const requestsOf = (tag: string | null) =>
  [...at.simulator.webhookLog.after(0, Number.POSITIVE_INFINITY)].filter(({ events }) => events.some(({ data }) => data === tag))
const receiptsOf = (tag: string | null) => feedback.filter((each) => each.kind === 'receipt' && each.deliveryTag === tag)

/** As LINE, by hand. */
const post = (secret: string, destination: string, ...events: object[]) => {
  const body = JSON.stringify({ destination, events })
  const signature = createHmac('sha256', secret).update(body).digest('base64')
  return fetch(worker.webhookUrl ?? '', { method: 'POST', body, headers: { 'x-line-signature': signature } })
}
const friends = (path: string, body: object) =>
  fetch(`${at.simulator.url}/_simulator/friends/${path}`, { method: 'POST', body: JSON.stringify(body) })

describe('what LINE says of a notification', () => {
  test('sent, accepted, and delivered when LINE says that it was', async () => {
    const phone = somebody()
    const place = await notify(phone)
    const end = await at.results.endOf(place)
    await vi.waitUntil(() => requestsOf(end.deliveryTag).at(-1)?.outcome === 'answered', { timeout: PATIENCE_MS })
    const request = requestsOf(end.deliveryTag).at(-1)
    expect(at.results.about(place).map(({ status }) => status)).toContain('accepted')
    expect(end).toMatchObject({ status: 'delivered', terminal: true, attempts: 1, lineRequestId: at.sends(phone)[0]?.requestId })
    await caughtUp()
    expect(receiptsOf(end.deliveryTag)).toEqual([
      {
        kind: 'receipt',
        deliveryTag: end.deliveryTag,
        deliveredAt: Number((end as { deliveredAt?: Date | number }).deliveredAt),
      },
    ])
    expect(request).toMatchObject({ outcome: 'answered', status: 200 })
  })

  test('to somebody who has blocked the account: LINE takes it, and it stays accepted', async () => {
    const place = await notify(phoneOf('blocked', 1))
    await at.results.until('the answer', () => at.results.about(place).find(({ status }) => status === 'accepted'))
    const later = await notify(somebody())
    await at.results.endOf(later)
    expect(at.results.about(place).at(-1)).toMatchObject({ status: 'accepted', terminal: false })
    await untilMetric(worker, 'tsuchi_notifications', { state: 'accepted' }, (value) => value === 1)
  })

  test.each<[string, WebhookFaultSpec]>([
    ['twice at the same time', { kind: 'duplicated', count: 1 }],
    ['again although it was answered', { kind: 'redelivered', count: 1 }],
    ['before the answer to the push', { kind: 'early', count: 1 }],
    ['in a body whose whitespace a proxy has changed, and then as it was', { kind: 'reserialised', count: 1 }],
    ['signed by a stranger, and then by LINE', { kind: 'forged-signature', count: 1 }],
    ['with 4 MiB, and then with less', { kind: 'oversized', count: 1 }],
    ['with an event of a type that nobody knows', { kind: 'unknown-type', count: 1 }],
    ['with properties that nobody knows', { kind: 'extra-properties', count: 1 }],
  ])('%s: one end, and one person who has it', async (_what, fault) => {
    const phone = somebody()
    under(phone, fault)
    const place = await notify(phone)
    const end = await at.results.endOf(place)
    await vi.waitUntil(() => requestsOf(end.deliveryTag).at(-1)?.outcome === 'answered', { timeout: PATIENCE_MS })
    await caughtUp()
    await at.results.caughtUp()
    expect(end).toMatchObject({ status: 'delivered', attempts: 1 })
    expect(at.results.about(place).filter(({ terminal }) => terminal)).toHaveLength(1)
    expect(at.sends(phone)).toHaveLength(1)
  })

  test('in another order than it happened', async () => {
    const [first, second] = [somebody(), somebody()]
    under(first, { kind: 'reordered', count: 1 })
    const places = [await notify(first), await notify(second)]
    for (const place of places) expect(await at.results.endOf(place)).toMatchObject({ status: 'delivered' })
  })

  test('while Kafka takes nothing: 503 in time, and once it is redelivered it is in feedback', async () => {
    const phone = phoneOf('consent-pending', 1)
    const place = await notify(phone)
    const { deliveryTag } = await at.results.until('the answer', () =>
      at.results.about(place).find(({ status }) => status === 'accepted'),
    )
    way.proxy?.stall()
    onTestFinished(() => way.proxy?.mend())
    // LINE shows it to them only now, and says so.
    await fetch(`${at.simulator.url}/_simulator/people/consent`, {
      method: 'POST',
      body: JSON.stringify({ to: digestOf(phone) }),
    })
    await vi.waitUntil(() => requestsOf(deliveryTag).some(({ status }) => status === 503), { timeout: PATIENCE_MS })
    await way.proxy?.mend()
    expect(await at.results.endOf(place)).toMatchObject({ status: 'delivered', deliveryTag })
    await vi.waitUntil(() => requestsOf(deliveryTag).at(-1)?.outcome === 'answered', { timeout: PATIENCE_MS })
    await caughtUp()
    expect(receiptsOf(deliveryTag).length).toBeGreaterThan(0)
    expect(at.results.about(place).filter(({ terminal }) => terminal)).toHaveLength(1)
  })
})

describe('whose events they are', () => {
  const foreign = { type: 'delivery', delivery: { data: 'a tag of another system' }, timestamp: 1_786_320_000_000 }

  test('two channels share an endpoint, and both secrets hold while one is changed', async () => {
    for (const secret of SHOP_SECRETS) expect((await post(secret, SHOP, foreign)).status).toBe(200)
    await untilMetric(worker, 'tsuchi_webhook_events_total', { channel: 'shop', fate: 'not-ours' }, (value) => value === 2)
  })

  test('signed by one and about the other: refused, and counted', async () => {
    expect((await post(SHOP_SECRETS[0] ?? '', DESTINATION, foreign)).status).toBe(403)
    await untilMetric(
      worker,
      'tsuchi_webhook_requests_total',
      { status: '403', reason: 'unknown-account' },
      (value) => value === 1,
    )
  })

  test("LINE's connection check is answered, counted, and logged with the channel", async () => {
    expect((await post(SHOP_SECRETS[0] ?? '', SHOP)).status).toBe(200)
    await untilMetric(worker, 'tsuchi_webhook_checks_total', { channel: 'shop' }, (value) => value === 1)
    expect(at.log.filter((line) => line.includes('"webhook-checked"') && line.includes('shop'))).toHaveLength(1)
  })
})

describe('friends', () => {
  const published = async (userId: string) => {
    await caughtUp()
    const registry = new SchemaRegistry({ host: inject('registryUrl') })
    const events = await Promise.all(
      friendRecords.map(async ({ key, value, headers }) => ({
        ...((await registry.decode(value ?? Buffer.of())) as { webhookEventId: string; userId: string | null }),
        key: key?.toString(),
        id: headers.ce_id?.toString(),
        type: headers.ce_type?.toString(),
      })),
    )
    return events.filter((event) => event.userId === userId)
  }

  test('who comes, links their account by a notification, and leaves', async () => {
    const { notificationId, recipientRef } = await at.results.endOf(await notify(somebody()))
    const nonce = linkTokenOf(recipientRef ?? '', notificationId, linkTokenKey(at.config.privacy.pepper))
    await friends('follow', { userId: USER, channel: LINE_CHANNEL })
    await friends('account-link', { userId: USER, nonce, channel: LINE_CHANNEL })
    await friends('unfollow', { userId: USER, channel: LINE_CHANNEL })
    await vi.waitUntil(async () => (await published(USER)).length >= 3, { timeout: PATIENCE_MS, interval: 200 })
    const events = await published(USER)
    expect(new Map(events.map(({ type, ...event }) => [type, event]))).toEqual(
      new Map([
        ['dev.tsuchi.friend.follow', expect.objectContaining({ channel: 'main', kind: 'follow', unblocked: false })],
        [
          'dev.tsuchi.friend.account_link',
          expect.objectContaining({ kind: 'account_link', linked: true, nonce, notificationId }),
        ],
        ['dev.tsuchi.friend.unfollow', expect.objectContaining({ kind: 'unfollow', linked: null })],
      ]),
    )
    for (const { key, id, webhookEventId } of events) expect([key, id]).toEqual([webhookEventId, webhookEventId])
    for (const secret of [USER, nonce, 'a tag of another system']) expect(at.log.join('\n')).not.toContain(secret)
    expect(feedback.filter((each) => each.kind === 'link')).toMatchObject([{ notificationId, userId: USER }])
  })
})

describe('that it listens', () => {
  test('is in feedback, without a gap while it listens well', async () => {
    const beatsOf = (channel: string) =>
      feedback.flatMap((each) => (each.kind === 'heartbeat' && each.channels.includes(channel) ? [each] : []))
    const shopWas = beatsOf('shop').length
    expect((await post(SHOP_SECRETS[0] ?? '', SHOP)).status).toBe(200) // without, nobody knows whether LINE reaches the webhook
    await vi.waitUntil(() => beatsOf('shop').length > shopWas && beatsOf('main').length >= 3, { timeout: PATIENCE_MS })
    const beats = beatsOf('main')
    expect(beats.slice(1).map(({ from }) => from)).toContain(beats[0]?.until)
    await untilMetric(worker, 'tsuchi_receipts_covered_until_seconds', { channel: 'main' }, (value) => value > 1_700_000_000)
  })

  test('is taken back at once of the time in which something of LINE’s was refused: no other process can vouch for that', async () => {
    const before = Date.now()
    const refused = await post(SHOP_SECRETS[0] ?? '', DESTINATION)
    expect(refused.status).toBe(403)
    const hole = expect.objectContaining({ kind: 'hole', channels: ['shop'] })
    await vi.waitFor(() => expect(feedback.filter((each) => each.kind === 'hole' && each.until >= before)).toContainEqual(hole), {
      timeout: PATIENCE_MS,
      interval: 100,
    })
  })

  test('is said once more when it stops, of the time until then', async () => {
    const alone = await at.startWorker({ stages: ['webhook'] })
    await vi.waitUntil(
      () => at.log.some((line) => line.includes('"webhook-listening"') && line.includes(alone.webhookUrl ?? '?')),
      { timeout: PATIENCE_MS },
    )
    const before = Date.now()
    await alone.stop()
    await caughtUp()
    expect(feedback.some((each) => each.kind === 'heartbeat' && each.until >= before)).toBe(true)
    await expect(fetch(alone.webhookUrl ?? '')).rejects.toThrow()
  })
})
