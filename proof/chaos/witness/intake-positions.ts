import { setTimeout as pause } from 'node:timers/promises'
import type { Kafka } from 'kafkajs'
import type { IntakePosition } from '../../verifier/history.ts'

/** Asks about once a second how far intake says that it has come, and then how much it has written. */
export interface IntakeWatch {
  readonly positions: readonly IntakePosition[]
  /** After one look more. May be called again. */
  close(): Promise<void>
}

const ASK_EVERY_MS = 1_000

export const watchIntake = async (options: {
  readonly kafka: Kafka
  readonly group: string
  readonly topics: readonly string[]
  readonly requests: string
  readonly now: () => number
}): Promise<IntakeWatch> => {
  const { kafka, group, topics, requests, now } = options
  const admin = kafka.admin({ retry: { retries: 2 } })
  await admin.connect()
  const positions: IntakePosition[] = []
  const known = new Map<string, number>()
  let closed = false

  const look = async (): Promise<void> => {
    const askedAt = now()
    const committed = await admin.fetchOffsets({ groupId: group, topics: [...topics] })
    const moved = committed.flatMap(({ topic, partitions }) =>
      partitions
        .map(({ partition, offset }) => ({ topic, partition, offset: Number(offset) }))
        .filter((each) => each.offset >= 0 && each.offset !== known.get(`${topic}/${each.partition}`)),
    )
    if (moved.length === 0) return
    // Afterwards: whatever it had written before it moved is among them.
    const ends = await admin.fetchTopicOffsets(requests)
    const requestEnds = ends.sort((a, b) => a.partition - b.partition).map(({ high }) => Number(high))
    for (const each of moved) {
      known.set(`${each.topic}/${each.partition}`, each.offset)
      positions.push({ askedAt, ...each, requestEnds })
    }
  }
  const watching = (async () => {
    while (!closed) {
      await look().catch(() => {}) // brokers come and go
      await pause(ASK_EVERY_MS)
    }
    await look().catch(() => {})
  })()

  let ended: Promise<void> | undefined
  return {
    positions,
    close: () => {
      closed = true
      ended ??= watching.then(() => admin.disconnect())
      return ended
    },
  }
}
