import { describe, expect, test } from 'vitest'
import { StateLostError } from '../../src/dispatch/task-journal.ts'
import type { StateChanges } from '../../src/domain/state.ts'
import { encodeJournal, type JournalValue } from '../../src/kafka/internal-codec.ts'
import { NEWEST_FORMAT } from '../../src/kafka/internal-records.ts'
import type { JournalRecord } from '../../src/kafka/journal-reader.ts'
import { createPartitionFormats, NewerFormatError, writtenFormat } from '../../src/kafka/partition-formats.ts'
import { taskJournalOver } from '../../src/kafka/task-journal.ts'
import { topicNames } from '../../src/kafka/topics.ts'
import { entryOf } from './notification-builder.ts'

const encoded = (value: JournalValue): Buffer => encodeJournal(value, NEWEST_FORMAT)
const AN_ENTRY = encoded({ kind: 'entry', entry: entryOf(1) })

/** The journal of partition 3, with these values in it and then what its owner writes. */
const journalWith = (...given: (Buffer | Omit<JournalRecord, 'offset'>)[]) => {
  const records: JournalRecord[] = given.map((each, offset) =>
    Buffer.isBuffer(each) ? { offset, key: 'entry/n1', value: each } : { offset, ...each },
  )
  const formats = createPartitionFormats([1, 1, 1, 1])
  const journal = taskJournalOver(
    {
      commit: async ([first]) => {
        for (const { key, value } of first?.messages ?? [])
          records.push({ offset: records.length, key: String(key), value: Buffer.isBuffer(value) ? value : null })
        return { next: records.length }
      },
      close: async () => undefined,
    },
    {
      admin: { fetchTopicOffsets: () => Promise.reject(new Error('not asked')), fetchOffsets: async () => [] },
      reader: {
        read: async (_, from, onRecord) => void records.slice(from).some(onRecord),
        close: async () => undefined,
      },
      names: topicNames('tsuchi'),
      group: 'tsuchi-dispatch',
      partition: 3,
      counts: { results: 1, attributions: 1, deadLetters: 1 },
      encode: { result: () => Buffer.of(), attribution: () => Buffer.of() },
      formats,
    },
  )
  const restore = async () => {
    const portions: StateChanges[] = []
    await journal.fence()
    await journal.restore(0, (changes) => portions.push(changes))
    return portions
  }
  const fault = async (): Promise<Error> => {
    const portions = await restore().catch((error: unknown) => error)
    if (portions instanceof Error) return portions
    throw new Error('it was restored')
  }
  return { restore, fault, formats }
}

describe('a partition that is restored', () => {
  test('by what is in it, whatever says the format', async () => {
    const { restore } = journalWith(encoded({ kind: 'format', format: NEWEST_FORMAT }), AN_ENTRY)
    expect((await restore()).flatMap(({ entries = [] }) => entries.map(({ notificationId }) => notificationId))).toEqual(['n1'])
  })

  test.each(['entry/n1', 'mark/order/1', 'pause/main', 'coverage/main'])('without what was forgotten: %s', async (key) => {
    const { restore } = journalWith({ key, value: null })
    expect((await restore()).flatMap(({ forgotten = [] }) => forgotten)).toEqual([key])
  })

  test('is refused by a tombstone of anything else, whose key is not repeated', async () => {
    const { message } = await journalWith({ key: '09012340101', value: null }).fault()
    expect(message).toMatch(
      /^the journal of partition 3 cannot be read at offset 0: a tombstone of a key that this version does not write\./,
    )
  })

  test('is refused if it was raised to a format that this version does not know, with what to do', async () => {
    const fault = await journalWith(AN_ENTRY, encoded({ kind: 'format', format: NEWEST_FORMAT + 1 })).fault()
    expect(fault).toBeInstanceOf(NewerFormatError)
    expect(fault).toBeInstanceOf(StateLostError) // the dispatcher does not try again
    expect(fault.message).toBe(
      `the journal of partition 3 is in format ${NEWEST_FORMAT + 1} of internal records, and this version of tsuchi knows formats up to ${NEWEST_FORMAT}. It was raised by \`tsuchi topics upgrade\`, and there is no way back: run the version that did that, or a newer one. Nothing is lost meanwhile; what waits, waits`,
    )
  })

  test('is refused by a record of a newer format, before it is passed', async () => {
    const newer = Buffer.from(AN_ENTRY)
    newer[0] = NEWEST_FORMAT + 1
    const fault = await journalWith(AN_ENTRY, newer, AN_ENTRY).fault()
    expect(fault).toBeInstanceOf(NewerFormatError)
    expect(fault.message).toContain(`the journal of partition 3, at offset 1, is in format ${NEWEST_FORMAT + 1}`)
  })

  test.each([
    ['one that is cut', AN_ENTRY.subarray(0, 40), 'the record is not a whole entry'],
    ['one of somebody else', Buffer.from([0, 0, 0, 0, 7, 1]), 'the record is of format 0, which there never was'],
    [
      'what belongs into requests',
      Buffer.from('010e086d61696e0a7061757365', 'hex'),
      'a channel-request has no place in the journal',
    ],
  ])('is refused for good by %s, with the place and what to do', async (_, value, words) => {
    const fault = await journalWith(AN_ENTRY, value).fault()
    expect(fault.name).toBe('StateLostError')
    expect(fault.message).toBe(
      `the journal of partition 3 cannot be read at offset 1: ${words}. It is damaged, or somebody else writes there: see who may, and restore the topic from a backup, or create all topics anew to begin without memory`,
    )
  })
})

describe('what is written', () => {
  test('is in the format that every partition is at, where it goes to all', () => {
    expect(writtenFormat([2, 1, 2])).toBe(1)
    expect(writtenFormat([2, 2, 2])).toBe(2)
  })

  test('to one partition is in its own, which only ever rises', () => {
    const formats = createPartitionFormats([NEWEST_FORMAT, NEWEST_FORMAT])
    formats.learn(1, 0)
    expect([formats.of(0), formats.of(1)]).toEqual([NEWEST_FORMAT, NEWEST_FORMAT])
  })
})
