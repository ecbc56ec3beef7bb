import type { Message } from 'kafkajs'
import type { Transactor } from '../../../src/kafka/transactional-producer.ts'
import type { Coordinator, Hold } from './coordinator.ts'
import { CommitOnItsWay, type JournalFaults } from './journal-faults.ts'
import type { PartitionLog, Written } from './partition-log.ts'

/** kafkajs's transactional producer, as far as it is used: it takes its id with the first transaction, and is of no use once it has thrown. */
export const createTransactor = (options: {
  readonly coordinator: Coordinator
  readonly id: string
  readonly owner: string
  readonly faults: JournalFaults
  readonly logOf: (topic: string, partition: number) => PartitionLog
}): Transactor => {
  const { coordinator, faults, logOf } = options
  let hold: Hold | undefined
  let state: 'ready' | 'in a transaction' | 'closed' = 'ready'

  const take = async (): Promise<Hold> => {
    await faults.at('fence')
    const taken = coordinator.take(options.id, options.owner)
    await faults.at('fenced')
    return taken
  }
  const commit = async (held: Hold) => {
    await faults.at('commit').catch((error: unknown) => {
      if (error instanceof CommitOnItsWay) void commitUnheard(coordinator, held, error)
      throw error
    })
    coordinator.prepare(held)
    coordinator.complete(held)
    await faults.at('committed')
  }

  return {
    transaction: async () => {
      if (state !== 'ready') throw new Error(`no transaction can begin: the producer is ${state}, or has thrown in one`)
      state = 'in a transaction'
      hold ??= await take()
      const held = hold
      return {
        send: async ({ topic, messages }) => {
          await faults.at('write')
          const [first] = messages
          if (!first) throw new Error('a batch without messages')
          const baseOffset = coordinator.write(held, logOf(topic, first.partition), messages.map(writtenOf))
          return [{ baseOffset: String(baseOffset) }]
        },
        commit: async () => {
          await commit(held)
          if (state === 'in a transaction') state = 'ready'
        },
      }
    },
    disconnect: async () => {
      await faults.at('close')
      state = 'closed'
    },
  }
}

const commitUnheard = async (coordinator: Coordinator, hold: Hold, { arrives, told }: CommitOnItsWay): Promise<void> => {
  try {
    await arrives
    coordinator.prepare(hold)
    await told
    coordinator.complete(hold)
  } catch {
    // Refused, or it never came: nobody is there to hear of it.
  }
}

const writtenOf = ({ key, value }: Message): Written => {
  if (typeof key !== 'string') throw new Error('tsuchi writes no record without a key')
  if (typeof value === 'string') throw new Error('tsuchi writes bytes')
  return { key, value }
}
