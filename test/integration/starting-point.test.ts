import { expect, onTestFinished, test } from 'vitest'
import { LostOffsetsError } from '../../src/kafka/intake-group.ts'
import { phoneOf } from '../../src/line-simulator/people.ts'
import { expectSound } from './audit.ts'
import { paymentDue } from './events.ts'
import { type Installation, type InstallationOptions, install } from './installation.ts'
import { PATIENCE_MS } from './patience.ts'

const installed = async (options: InstallationOptions = {}): Promise<Installation> => {
  const at = await install(options)
  onTestFinished(at.close)
  return at
}

const bill = (n: number) => paymentDue({ id: `C-${n}`, phone: phoneOf('reachable', n) })

/** Which customers were sent to, in order of their numbers. */
const told = (at: Installation) =>
  at.results
    .all()
    .flatMap(({ terminal, customerId }) => (terminal ? [customerId] : []))
    .toSorted()

test('a first start sends nothing that is older, and a later one goes on where the last one was', async () => {
  const at = await installed()
  await at.produce('payment-due', bill(1), bill(2), bill(3))
  const first = await at.startWorker()
  await at.results.endOf(await at.produceOne('payment-due', bill(4)))
  await first.stop()

  const meanwhile = await at.produce('payment-due', bill(5), bill(6))
  await at.startWorker()
  for (const place of meanwhile) await at.results.endOf(place)
  await at.results.endOf(await at.produceOne('payment-due', bill(7)))
  expect(told(at)).toEqual(['C-4', 'C-5', 'C-6', 'C-7'])
  await expectSound(at)
})

test('what is produced to a partition never used, after a first start and a stop, is sent', async () => {
  const at = await installed()
  const first = await at.startWorker()
  await first.stop()
  const place = await at.produceOne('payment-due', bill(1), { partition: 2 })
  await at.startWorker()
  await at.results.endOf(place)
})

test('from earliest: everything there is; and where the group has offsets, they count', async () => {
  const at = await installed()
  const places = await at.produce('payment-due', bill(1), bill(2), bill(3))
  const first = await at.startWorker({ from: 'earliest' })
  for (const place of places) await at.results.endOf(place)
  await first.stop()
  await at.startWorker({ from: 'earliest' })
  await at.results.endOf(await at.produceOne('payment-due', bill(4)))
  await at.results.caughtUp()
  expect(told(at)).toEqual(['C-1', 'C-2', 'C-3', 'C-4'])
  expect(at.results.all().filter(({ status }) => status === 'duplicate')).toEqual([])
})

test('from a time: what was produced at or after it', async () => {
  const at = await installed()
  const now = Date.now()
  const timestamps = [now - 3_000, now - 2_000, now - 1_000]
  for (const [n, timestamp] of timestamps.entries()) await at.produceOne('payment-due', bill(n), { timestamp, partition: 0 })
  await at.startWorker({ from: { timestamp: now - 2_000 } })
  await at.results.endOf(await at.produceOne('payment-due', bill(9), { partition: 1 }))
  await at.results.untilTerminal(3)
  expect(told(at)).toEqual(['C-1', 'C-2', 'C-9'])
})

test('a group whose offsets are gone stops, loudly, and sends nothing; told where to go on, it goes on', async () => {
  const at = await installed()
  const first = await at.startWorker()
  await at.results.endOf(await at.produceOne('payment-due', bill(1)))
  await first.stop()
  const admin = at.kafka.admin()
  await admin.connect()
  onTestFinished(() => admin.disconnect())
  await admin.deleteGroups([`${at.name}-intake`])
  const place = await at.produceOne('payment-due', bill(2))

  const fault = await at.startWorker({ mayDie: true }).then(
    () => undefined,
    (error: Error) => error,
  )
  expect(fault).toBeInstanceOf(LostOffsetsError)
  expect(fault?.message).toMatch(new RegExp(`group ${at.name}-intake has no offsets, but has read before`))
  expect(fault?.message).toContain('--from')
  expect(at.sends()).toHaveLength(1)

  await at.startWorker({ from: 'earliest' })
  await at.results.endOf(place)
  await at.results.caughtUp()
  expect(at.sends(), 'what was sent before is not sent twice').toHaveLength(2)
  await expectSound(at)
})

test('records deleted before they were read stop it, loudly', async () => {
  const at = await installed()
  const first = await at.startWorker()
  await at.results.endOf(await at.produceOne('payment-due', bill(1), { partition: 0 }))
  await first.stop()
  await at.produceOne('payment-due', bill(2), { partition: 0 })
  await at.produceOne('payment-due', bill(3), { partition: 0 })
  const admin = at.kafka.admin()
  await admin.connect()
  onTestFinished(() => admin.disconnect())
  await admin.fetchTopicOffsets(at.events['payment-due']) // or kafkajs does not know the topic
  await admin.deleteTopicRecords({ topic: at.events['payment-due'], partitions: [{ partition: 0, offset: '2' }] })

  await expect(at.startWorker({ mayDie: true })).rejects.toThrow(
    /would go on at offset 1 of .*payment-due\/0, but the topic holds 2 to 3: records were deleted before they were read/,
  )
})

test('a partition that a domain topic gets later is read from its start', async () => {
  const at = await installed()
  const first = await at.startWorker()
  await at.results.endOf(await at.produceOne('payment-due', bill(1)))
  await first.stop()
  const admin = at.kafka.admin()
  await admin.connect()
  onTestFinished(() => admin.disconnect())
  const topic = at.events['payment-due']
  await admin.createPartitions({ topicPartitions: [{ topic, count: 5 }] })
  await expect
    .poll(async () => (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0]?.partitions.length, {
      timeout: PATIENCE_MS,
    })
    .toBe(5)
  const places = await Promise.all([3, 4].map((partition) => at.produceOne('payment-due', bill(partition), { partition })))
  await at.startWorker()
  for (const place of places) expect(await at.results.endOf(place)).toMatchObject({ status: 'accepted' })
})
