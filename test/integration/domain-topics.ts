import type { Kafka } from 'kafkajs'
import { vi } from 'vitest'
import { PATIENCE_MS } from './patience.ts'

/** Resolves when every partition has a leader. */
export const makeTopics = async (kafka: Kafka, topics: readonly string[], partitions: number): Promise<void> => {
  const admin = kafka.admin()
  await admin.connect()
  try {
    await admin.createTopics({ waitForLeaders: false, topics: topics.map((topic) => ({ topic, numPartitions: partitions })) })
    await vi.waitFor(
      async () => {
        const all = await admin.fetchTopicMetadata({ topics: [...topics] })
        if (all.topics.some(({ partitions: each }) => each.length < partitions || each.some(({ leader }) => leader < 0)))
          throw new Error(`not every partition of ${topics.join(', ')} has a leader`)
      },
      { timeout: PATIENCE_MS, interval: 50 },
    )
  } finally {
    await admin.disconnect()
  }
}

export const deleteTopics = async (kafka: Kafka, topics: readonly string[]): Promise<void> => {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const existing = new Set(await admin.listTopics())
    await admin.deleteTopics({ topics: topics.filter((topic) => existing.has(topic)) })
  } finally {
    await admin.disconnect()
  }
}
