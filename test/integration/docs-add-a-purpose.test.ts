import { randomUUID } from 'node:crypto'
import { Kafka } from 'kafkajs'
import { expect, inject, onTestFinished, test } from 'vitest'
import { freePorts } from '../../dev/free-ports.ts'
import { readPage } from './docs-page.ts'
import { openReader } from './docs-shell.ts'
import { deleteTopics } from './domain-topics.ts'

test('whoever follows docs/add-a-purpose.md to the letter gets what it shows', async () => {
  const page = readPage('docs/add-a-purpose.md')
  expect(page.steps.filter(({ kind }) => kind === 'file')).toHaveLength(4)
  const name = `it-${randomUUID().slice(0, 8)}`
  const kafka = new Kafka({ brokers: inject('brokers'), logCreator: () => () => {} })
  onTestFinished(async () => {
    await deleteTopics(kafka, await topicsOf(kafka, name))
  })
  const [line, http] = await freePorts(2)
  const reader = await openReader({
    env: { KAFKA_BROKERS: inject('brokers').join(','), SCHEMA_REGISTRY_URL: inject('registryUrl') },
    // Tests share brokers and ports; nothing else is another than on the page.
    names: {
      'my-tsuchi': name,
      'visits.tomorrow': `${name}.visits.tomorrow`,
      'localhost:9090': `localhost:${line}`,
      '--port 9090': `--port ${line}`,
      'port: 8080': `port: ${http}`,
    },
  })
  onTestFinished(reader.leave)
  await reader.follow(page)
})

const topicsOf = async (kafka: Kafka, name: string): Promise<string[]> => {
  const admin = kafka.admin()
  await admin.connect()
  try {
    return (await admin.listTopics()).filter((topic) => topic.startsWith(name))
  } finally {
    await admin.disconnect()
  }
}
