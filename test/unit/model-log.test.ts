import { describe, expect, test } from 'vitest'
import { CommitOnItsWay, type JournalFaults } from '../../proof/simulation/log/journal-faults.ts'
import { createModelLog } from '../../proof/simulation/log/model-log.ts'
import { TOMBSTONES_STAY_MS } from '../../proof/simulation/log/partition-log.ts'
import { commitOf, restoredBy } from '../contract/commits.ts'
import type { CommitFate, LogWorld } from '../contract/log-world.ts'
import { taskJournalContract } from '../contract/task-journal-contract.ts'
import { NOON, poison } from './notification-builder.ts'

const PARTITIONS = 2
const PARTITION = 1

const makeWorld = async (): Promise<LogWorld> => {
  let now = NOON
  const log = createModelLog({ partitions: PARTITIONS, clock: { now: () => now, monotonic: () => now } })
  let owners = 0

  return {
    open: async () => {
      let fate: CommitFate | undefined
      const faults: JournalFaults = {
        at: async (point) => {
          if (fate === undefined || point !== (fate === 'unheard' ? 'committed' : 'commit')) return
          const error = typeof fate === 'object' ? new CommitOnItsWay(fate.arrives) : new Error('the connection was closed')
          fate = undefined
          throw error
        },
      }
      return {
        ...log.openJournal(PARTITION, `owner-${owners++}`, faults),
        breakAtCommit: (how) => {
          fate = how
        },
      }
    },
    appendRequests: async (count) => {
      for (let n = 0; n < count; n++) log.append('requests', PARTITION, poison(n))
    },
    writeFeedback: async (feedback) => {
      for (const each of feedback) log.append('feedback', PARTITION, each)
    },
    feedback: async () => log.read('feedback', PARTITION, 0).map(({ value }) => value),
    deleteInputs: async (topic, before) => log.deleteInputs(topic, PARTITION, before),
    commitGroupOffsets: async (position) => log.setGroupOffsets(PARTITION, position),
    journal: async () => log.readJournal(PARTITION).map(({ offset, key, value }) => ({ offset, key, tombstone: value === null })),
    published: async () => ({
      results: log.resultsOf(PARTITION).map(({ result }) => result.notificationId),
      attributions: log.attributionsOf(PARTITION).map(({ notificationId }) => notificationId),
      deadLetters: log.deadLettersOf(PARTITION).map((about) => about.replace(`/${PARTITION}/`, '/')),
    }),
    ends: async () => log.journalEnds(PARTITION),
    compact: async () => log.compact(PARTITION),
    transactionTimeout: async () => {
      now += 60_000
    },
  }
}

taskJournalContract('the model of the log', makeWorld, 100)

describe('what is seen too seldom on real brokers to wait for it', () => {
  const committing = commitOf(1)

  test('a commit that brokers have taken is made before another owner has the id, though its partitions were not told yet', async () => {
    const log = createModelLog({ partitions: 1, clock: { now: () => NOON, monotonic: () => NOON } })
    const never = new Promise<void>(() => {})
    const first = log.openJournal(0, 'first', {
      at: async (point) => {
        if (point === 'commit' && log.journalOf(0).some(({ key }) => key === 'epoch'))
          throw new CommitOnItsWay(Promise.resolve(), never)
      },
    })
    const epoch = await first.fence()
    await expect(first.commit(committing)).rejects.toThrow('before the answer to a commit came')
    expect(log.resultsOf(0), 'nobody was told').toEqual([])
    const second = log.openJournal(0, 'second')
    expect(await second.fence()).toBe(epoch + 5)
    expect((await restoredBy(second)).facts).toEqual(['n1 queued', '@1'])
    expect(log.resultsOf(0)).toHaveLength(1)
  })

  test('who has taken the id and died leaves no marker, and the owner before is fenced all the same', async () => {
    const log = createModelLog({ partitions: 1, clock: { now: () => NOON, monotonic: () => NOON } })
    const first = log.openJournal(0, 'first')
    await first.fence()
    const broken = async (point: string) => {
      if (point === 'fenced') throw new Error('killed')
    }
    await expect(log.openJournal(0, 'second', { at: broken }).fence()).rejects.toThrow('killed')
    await expect(first.commit(committing)).rejects.toThrow('second holds it now')
    expect(log.readJournal(0).filter(({ key }) => key === 'epoch')).toHaveLength(1)
  })

  test('a tombstone goes once compaction has met it and a day has passed', async () => {
    let now = NOON
    const log = createModelLog({ partitions: 1, clock: { now: () => now, monotonic: () => now } })
    const owner = log.openJournal(0, 'owner')
    await owner.fence()
    await owner.commit(commitOf(1))
    await owner.commit(commitOf(2, { entries: [], forgotten: ['entry/n1'] }))
    const keys = () => log.readJournal(0).map(({ key }) => key)
    log.compact(0)
    expect(keys()).toEqual(['immutables', 'format', 'epoch', 'entry/n1', 'position'])
    now += TOMBSTONES_STAY_MS
    log.compact(0)
    expect(keys()).toEqual(['immutables', 'format', 'epoch', 'position'])
    expect(log.journalOf(0), 'all that was ever committed').toHaveLength(7)
  })

  test('a journal of which the own marker never comes is given up', async () => {
    const log = createModelLog({ partitions: 1, clock: { now: () => NOON, monotonic: () => NOON } })
    const owner = log.openJournal(0, 'owner')
    await owner.fence()
    log.recreateJournal(0)
    await expect(restoredBy(owner)).rejects.toThrow('came for 30000 ms')
  })
})
