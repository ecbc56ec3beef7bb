import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import { beforeAll, expect, inject, onTestFinished, test } from 'vitest'
import { phoneOf } from '../../src/line-simulator/people.ts'
import { makeTopics } from './domain-topics.ts'
import { paymentDue } from './events.ts'
import { type Installation, install } from './installation.ts'
import { PATIENCE_MS } from './patience.ts'
import type { Place } from './results.ts'
import { type Ended, tsuchi } from './tsuchi-command.ts'

let at: Installation
beforeAll(async () => {
  at = await install()
  return at.close
})

const phone = phoneOf('reachable', 1)
const event = paymentDue({ id: 'C-1', phone, name: '山田 花子' })

const preview = ({ topic, partition, offset }: Place, ...more: string[]): Promise<Ended> =>
  tsuchi(at, ['preview', '--topic', topic, '--partition', String(partition), '--offset', String(offset), ...more])

/** Of everything that the installation has: how far each log goes, and the groups there are. */
const everything = async (): Promise<string> => {
  const admin = at.kafka.admin()
  await admin.connect()
  try {
    const topics = (await admin.listTopics()).filter((topic) => topic.includes(at.name)).toSorted()
    const ends = await Promise.all(topics.map(async (topic) => ({ topic, ends: await admin.fetchTopicOffsets(topic) })))
    const { groups } = await admin.listGroups()
    return JSON.stringify(
      { ends, groups: groups.filter(({ groupId }) => groupId.includes(at.name)).map(({ groupId }) => groupId) },
      null,
      1,
    )
  } finally {
    await admin.disconnect()
  }
}

test('a record that lies in a topic is shown as a worker would send it, and nothing is written or sent', async () => {
  const place = await at.produceOne('payment-due', event, { partition: 1 })
  const poison = await at.produceRaw(place.topic, { value: 'not Avro', partition: 1 })
  const tombstone = await at.produceRaw(place.topic, { value: null, partition: 1 })
  const before = await everything()

  const shown = await preview(place)
  expect(shown).toMatchObject({ code: 0, stderr: '' })
  expect(shown.stdout).toContain(
    `event           ${place.topic}/1 at offset ${place.offset}: ${event.eventId} of jp.example.billing\n`,
  )
  expect(shown.stdout).toMatch(/route {11}payment-due \(.*payment-due\.yaml\), by the type of the record\n/)
  expect(shown.stdout).toContain('what happens    would be sent at once\n')
  expect(shown.stdout).toContain('│ 山田 花子様、さくら電力のご請求のお支払  │\n')
  expect(shown.stdout).not.toContain(phone.slice(-8))

  const unreadable = await preview(poison)
  expect(unreadable).toMatchObject({ code: 1, stderr: '' })
  expect(unreadable.stdout).toContain(
    'what happens    nobody is told: it ends poison (not-confluent), and becomes a dead letter\n',
  )
  expect(unreadable.stdout).toContain("remedy          produce it with the registry's Avro serializer\n")
  expect((await preview(tombstone)).stdout).toContain('it ends poison (no-value)')

  const json = JSON.parse((await preview(place, '--json')).stdout)
  expect(json).toMatchObject({ sound: true, recipients: [{ customerId: 'C-1', fate: { kind: 'sent' } }] })

  expect(await everything()).toBe(before)
  expect([...at.simulator.log.after(0, Number.POSITIVE_INFINITY)]).toEqual([])
})

test('what no route wants is refused, with what the topic has', async () => {
  const registry = new SchemaRegistry({ host: inject('registryUrl') })
  const schema = JSON.stringify({ type: 'record', name: 'PaymentMade', namespace: 'jp.example.billing', fields: [] })
  const { id } = await registry.register(
    { type: SchemaType.AVRO, schema },
    { subject: `${at.name}-${randomBytes(4).toString('hex')}` },
  )
  const place = await at.produceRaw(at.events['payment-due'], { value: await registry.encode(id, {}), partition: 0 })
  const shown = await preview(place)
  expect(shown.code).toBe(1)
  expect(shown.stdout).toContain(
    'what happens    refused (no-route): record jp.example.billing.PaymentMade: routes of this topic: jp.example.billing.PaymentDue\n',
  )
  expect(shown.stdout).toContain('remedy          write a route for this topic and type')
})

test('a place where no record lies is answered with those there are', async () => {
  const topic = at.events['payment-due']
  const alone = `${at.name}-alone`
  await makeTopics(at.kafka, [alone], 1)
  await at.produceRaw(alone, { value: 'x' })
  const wrong = (...args: string[]) => tsuchi(at, ['preview', ...args])
  const all = await Promise.all([
    preview({ topic, partition: 2, offset: 5 }),
    wrong('--topic', topic, '--offset', '0'),
    wrong('--topic', `${topic}-x`, '--offset', '0'),
    wrong('--topic', alone, '--offset', '7'),
    wrong('--topic', alone, '--offset', '0'),
  ])
  expect(all.map(({ code }) => code)).toEqual([1, 1, 1, 1, 1])
  expect(all.map(({ stderr }) => stderr)).toEqual([
    `${topic}/2 has no record at offset 5: it is empty\n`,
    `${topic} has 3 partitions: say with --partition which one of 0 to 2\n`,
    `there is no topic ${topic}-x, or it may not be described\n`,
    `${alone}/0 has no record at offset 7: it has 0 to 0\n`,
    '', // its only partition need not be named, and its record is poison
  ])
})

test('where a transaction ends there is no record, and it is said so', async () => {
  const topic = `${at.name}-transactional`
  await makeTopics(at.kafka, [topic], 1)
  const producer = at.kafka.producer({ transactionalId: topic, idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  const transaction = await producer.transaction()
  await transaction.send({ topic, messages: [{ value: 'x' }] })
  await transaction.commit()
  await producer.disconnect()
  const admin = at.kafka.admin()
  await admin.connect()
  onTestFinished(() => admin.disconnect())
  // The commit is answered before its end is written.
  await expect.poll(() => admin.fetchTopicOffsets(topic), { timeout: PATIENCE_MS }).toMatchObject([{ high: '2' }])
  expect(await preview({ topic, partition: 0, offset: 1 })).toMatchObject({
    code: 1,
    stderr: `${topic}/0 has no record at offset 1: it has 0 to 1, but there lies the end of a transaction, or what was compacted away\n`,
  })
  expect((await preview({ topic, partition: 0, offset: 0 })).stdout).toContain('it ends poison (not-confluent)')
})

test('an event in a file needs neither Kafka nor secrets', async () => {
  const file = join(at.directory, 'event.json')
  await writeFile(file, JSON.stringify(event))
  const lost = { configFile: at.configFile, env: { PATH: process.env.PATH ?? '', TSUCHI_STATE: 'state' } }
  const shown = await tsuchi(lost, ['preview', file])
  expect(shown).toMatchObject({ code: 0, stderr: '' })
  expect(shown.stdout).toContain('recipientRef    not known without the pepper (privacy.pepper)\n')
  expect(shown.stdout).toContain('what happens    would be sent at once\n')
})

test('what was previewed comes about: the same person, the same route, the same end', async () => {
  const place = await at.produceOne('payment-due', paymentDue({ id: 'C-2', phone: phoneOf('reachable', 2) }))
  const { recipients, route } = JSON.parse((await preview(place, '--json')).stdout)
  await at.startWorker({ from: 'earliest' })
  expect(recipients).toMatchObject([{ fate: { kind: 'sent' } }])
  expect(await at.results.endOf(place)).toMatchObject({
    status: 'accepted',
    recipientRef: recipients[0].recipientRef,
    route: route.name,
  })
})
