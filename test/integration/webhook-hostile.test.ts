import { createHash, createHmac } from 'node:crypto'
import { connect } from 'node:net'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Worker } from '../../src/app.ts'
import { phoneOf } from '../../src/line-simulator/people.ts'
import { paymentDue } from './events.ts'
import { DESTINATION, type Installation, installRunning } from './installation.ts'
import { untilMetric } from './metrics.ts'
import { openTopicReader, type TopicRecord } from './topic-records.ts'

/** What a webhook brings of people, and what must not get out of it. */
const PHONE = phoneOf('reachable', 77)
const HASH = createHash('sha256').update(PHONE).digest('hex')
const USER = 'Ucanary00000000000000000000000ca'
const NONCE = 'canary-nonce-of-the-company-0001'
const FOREIGN_TAG = 'canary_tag_of_another_system_0001'
const CANARIES = [
  PHONE,
  PHONE.slice(1),
  HASH,
  HASH.toUpperCase(),
  Buffer.from(HASH, 'hex').toString('base64'),
  USER,
  NONCE,
  FOREIGN_TAG,
]

let at: Installation
let worker: Worker
let secret = ''
let body = ''
const metrics: string[] = []

const signatureOf = (text: string | Buffer) => createHmac('sha256', secret).update(text).digest('base64')
/** As LINE, which sends again what nobody had time for. */
const statusOf = async (text: string, signature = signatureOf(text)): Promise<number> => {
  const { status } = await post(text, signature)
  return status === 503 ? statusOf(text, signature) : status
}
const post = (text: string, signature: string | null = signatureOf(text), init: RequestInit = {}) =>
  fetch(worker.webhookUrl ?? '', {
    method: 'POST',
    body: text,
    ...init,
    headers: { ...(signature !== null && { 'x-line-signature': signature }), ...init.headers },
  })
const bodyWith = (...events: unknown[]) => JSON.stringify({ destination: DESTINATION, events })
const happened = (type: string, more: object) => ({
  type,
  mode: 'active',
  timestamp: 1_790_000_000_000,
  webhookEventId: `01${type.toUpperCase().padEnd(24, '0')}`,
  deliveryContext: { isRedelivery: false },
  source: { type: 'user', userId: USER },
  ...more,
})

beforeAll(async () => {
  at = await installRunning({
    partitions: 1,
    webhook: true,
    simulator: { deliveryDelayMs: 0 },
    config: { webhook: { answerWithin: 'PT1.5S', bodyLimit: 200_000 } },
  })
  const [only] = at.workers
  if (!only) throw new Error('no worker')
  worker = only
  secret = at.config.channels.main?.webhook?.secrets[0] ?? ''
  return at.close
})

test('a thousand times the same body, signed: one result, and every one of them is taken', async () => {
  const place = await at.produceOne('payment-due', paymentDue({ id: 'C-1', phone: PHONE }))
  const end = await at.results.endOf(place)
  expect(end).toMatchObject({ status: 'delivered' })
  body = bodyWith(happened('delivery', { delivery: { data: end.deliveryTag } }))
  const statuses: number[] = []
  for (let round = 0; round < 20; round += 1)
    statuses.push(...(await Promise.all(Array.from({ length: 50 }, () => statusOf(body)))))
  expect(statuses.filter((status) => status === 200)).toHaveLength(1_000)

  // What is told to feedback is read in order: once another notification has ended, these have been.
  await at.results.endOf(await at.produceOne('payment-due', paymentDue({ id: 'C-2', phone: phoneOf('reachable', 78) })))
  expect(at.results.about(place).filter(({ terminal }) => terminal)).toEqual([end])
  expect(at.sends(PHONE)).toHaveLength(1)
})

describe('a stranger, and LINE on its worst day', () => {
  test.each<[string, () => string, (text: string) => string | null, number]>([
    ['forged', () => bodyWith(happened('follow', {})), () => 'GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs=', 401],
    ['unsigned', () => bodyWith(happened('unfollow', {})), () => null, 401],
    ['written anew', () => `${bodyWith(happened('follow', {}))}\n`, (text) => signatureOf(text.trim()), 401],
    ['about another account', () => JSON.stringify({ destination: USER, events: [] }), signatureOf, 403],
    ['no JSON', () => `${USER} ${HASH}`, signatureOf, 400],
    ['too large', () => bodyWith(happened('follow', { more: USER.repeat(10_000) })), signatureOf, 413],
    ['with a digest for a tag', () => bodyWith(happened('delivery', { delivery: { data: HASH } })), signatureOf, 200],
    ["with another system's tag", () => bodyWith(happened('delivery', { delivery: { data: FOREIGN_TAG } })), signatureOf, 200],
    [
      'with times that are none',
      () => bodyWith(happened('follow', { timestamp: USER }), happened('unfollow', { timestamp: -1 })),
      signatureOf,
      200,
    ],
    ['with types that are unknown', () => bodyWith({ type: USER }, { type: HASH }), signatureOf, 200],
    [
      "with a stranger's nonce",
      () => bodyWith(happened('accountLink', { link: { result: 'ok', nonce: NONCE } })),
      signatureOf,
      200,
    ],
    ['who follows', () => bodyWith(happened('follow', { follow: { isUnblocked: true } })), signatureOf, 200],
    [
      '1,000 events at once',
      () => bodyWith(...Array.from({ length: 1_000 }, () => ({ type: 'delivery', timestamp: 1, delivery: { data: 'x' } }))),
      signatureOf,
      200,
    ],
    [
      '20,000 brackets deep',
      () => `{"destination":"${DESTINATION}","events":[],"more":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
      signatureOf,
      200,
    ],
  ])('%s', async (_, text, signature, status) => {
    const written = text()
    expect((await post(written, signature(written))).status).toBe(status)
  })

  test.each([
    ['a connection that says nothing', ''],
    ['half of the headers', `POST /line/webhook HTTP/1.1\r\nx-user: ${USER}\r\nx-line-`],
    [
      'half of the body',
      `POST /line/webhook HTTP/1.1\r\nhost: h\r\nx-line-signature: GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs=\r\ncontent-length: 100\r\n\r\n${HASH}`,
    ],
    [
      'half of the body, with a person for a signature',
      `POST /line/webhook HTTP/1.1\r\nhost: h\r\nx-line-signature: ${USER}\r\ncontent-length: 100\r\n\r\n${HASH}`,
    ],
    ['no HTTP', `${USER}\r\n\r\n`],
    ['a path with a person in it', `POST /line/webhook/${USER} HTTP/1.1\r\nhost: ${HASH}\r\nconnection: close\r\n\r\n`],
  ])('%s: the connection is ended', async (_, text) => {
    const { hostname, port } = new URL(worker.webhookUrl ?? '')
    const socket = connect(Number(port), hostname)
    socket.on('error', () => {})
    const closed = new Promise((resolve) => socket.on('close', resolve))
    socket.resume().write(text)
    await closed
  })

  test('the worker is alive and ready, notifications go on, and no request is left under way', async () => {
    expect((await fetch(`${worker.url}/readyz`)).status).toBe(200)
    const place = await at.produceOne('payment-due', paymentDue({ id: 'C-3', phone: phoneOf('reachable', 79) }))
    expect(await at.results.endOf(place)).toMatchObject({ status: 'delivered' })
    await untilMetric(worker, 'tsuchi_webhook_requests_in_flight', {}, (count) => count === 0)
  })
})

describe('nothing of a person gets out', () => {
  const found = (where: string, text: string) =>
    CANARIES.flatMap((canary) => (text.includes(canary) ? [`${canary} in ${where}`] : []))

  test('into the log', () => {
    expect(at.log.length).toBeGreaterThan(20)
    expect(at.log.filter((line) => line.includes('webhook-refused'))).not.toEqual([])
    expect(at.log.flatMap((line) => found(line, line))).toEqual([])
  })

  test('into the metrics', async () => {
    metrics.push(await (await fetch(`${worker.url}/metrics`)).text())
    expect(metrics.join()).toContain('tsuchi_webhook_requests_total{status="401",reason="wrong-signature"} 3')
    expect(found('metrics', metrics.join())).toEqual([])
  })

  test('into keys and headers of any topic, or into the values of those that are not about friends', async () => {
    const records: TopicRecord[] = []
    const reader = await openTopicReader({
      kafka: at.kafka,
      topics: Object.values(at.topics),
      isolation: 'uncommitted',
      onRecord: (record) => records.push(record),
    })
    await reader.caughtUp()
    await reader.close()
    const friends = records.filter(({ topic }) => topic === at.topics.friendEvents)
    // The search finds what is there: friend events are about people.
    expect(friends.flatMap(({ value }) => found('it', String(value)))).toEqual(
      expect.arrayContaining([`${USER} in it`, `${NONCE} in it`]),
    )
    for (const { topic, key, headers, value } of records) {
      const outside = [
        String(key),
        ...Object.entries(headers).flatMap(([name, each]) => [name, ...[each ?? []].flat().map(String)]),
      ]
      expect(found(`a key or header of ${topic}`, outside.join('\n'))).toEqual([])
      if (topic !== at.topics.friendEvents) expect(found(`a value of ${topic}`, value?.toString('latin1') ?? '')).toEqual([])
    }
  })
})
