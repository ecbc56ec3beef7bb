import { randomUUID } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { Kafka, type Message } from 'kafkajs'
import { expect, inject, onTestFinished, test, vi } from 'vitest'
import { createKafka } from '../../src/kafka/client.ts'
import { ScanError, type ScannedRecord, type ScanOptions, scanTopics, type TopicRange } from '../../src/kafka/topic-scan.ts'
import { TopicsError } from '../../src/kafka/topics.ts'
import { deleteTopics } from './domain-topics.ts'
import { PATIENCE_MS } from './patience.ts'

const QUIET = { routine: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** A fresh topic, who writes to it, and what a scan finds in it. */
const topicOf = async (partitions: number, topicConfig: Readonly<Record<string, string>> = {}) => {
  const name = `it-scan-${randomUUID().slice(0, 8)}`
  const kafka = createKafka({ brokers: inject('brokers'), clientId: 'writer' }, QUIET)
  const admin = kafka.admin()
  const producer = kafka.producer({ allowAutoTopicCreation: false, createPartitioner: () => explicit })
  await Promise.all([admin.connect(), producer.connect()])
  onTestFinished(async () => {
    await Promise.all([admin.disconnect(), producer.disconnect()])
    await deleteTopics(kafka, [name])
  })
  // Or what these tests write with times long past would be deleted by age while they read it.
  const configEntries = Object.entries({ 'retention.ms': '-1', ...topicConfig }).map(([key, value]) => ({ name: key, value }))
  await admin.createTopics({ waitForLeaders: false, topics: [{ topic: name, numPartitions: partitions, configEntries }] })
  await vi.waitUntil(async () => (await admin.fetchTopicOffsets(name).catch(() => [])).length === partitions, {
    timeout: PATIENCE_MS,
    interval: 50,
  })
  const transactional = async () => {
    const writer = kafka.producer({
      transactionalId: `${name}-${randomUUID()}`,
      maxInFlightRequests: 1,
      idempotent: true,
      createPartitioner: () => explicit,
    })
    await writer.connect()
    onTestFinished(() => writer.disconnect())
    return writer
  }
  return {
    name,
    kafka,
    admin,
    write: (...messages: Message[]) => producer.send({ topic: name, acks: -1, messages }),
    transactional,
    /** Begins a transaction with these, and leaves it open. */
    begin: async (...messages: Message[]) => {
      const transaction = await (await transactional()).transaction()
      await transaction.send({ topic: name, acks: -1, messages })
      return transaction
    },
    /** Values, by partition. */
    scan: async (range: Omit<TopicRange, 'topic'> = {}, options: Partial<ScanOptions> = {}) =>
      valuesOf(await recordsOf({ kafka, scans: [{ topic: name, ...range }], ...options })),
  }
}

const explicit = ({ message: { partition = 0 } }: { message: Message }) => partition
const valued = (...values: string[]): Message[] => values.map((value) => ({ key: value, value }))

const recordsOf = async (options: Omit<ScanOptions, 'onRecord'>): Promise<ScannedRecord[]> => {
  const records: ScannedRecord[] = []
  const onRecord = (record: ScannedRecord) => {
    records.push(record)
    return 'go-on' as const
  }
  await scanTopics({ onRecord, ...options })
  return records
}
const valuesOf = (records: readonly ScannedRecord[]) => records.map(({ value }) => value?.toString())
const faultOf = (scan: Promise<unknown>): Promise<unknown> =>
  scan.then(
    () => 'it ended in silence',
    (error: unknown) => error,
  )

test('an empty topic is read at once, and so is one of which everything was deleted', async () => {
  const topic = await topicOf(3)
  expect(await topic.scan()).toEqual([])
  await topic.write(...valued('a', 'b'))
  await topic.admin.deleteTopicRecords({ topic: topic.name, partitions: [{ partition: 0, offset: '2' }] })
  expect(await topic.scan()).toEqual([])
})

test('all records of several topics and partitions come once, in order within each partition, with all that they have', async () => {
  const [one, other] = [await topicOf(3), await topicOf(2)]
  const written = Array.from({ length: 3_000 }, (_, n) => ({ value: `${n}`, partition: n % 3 }))
  await one.write(...written)
  await other.write({ partition: 1, key: 'k', value: 'v', timestamp: '1767600000000', headers: { h: ['1', '2'], i: 'x' } })
  const progress: [number, number][] = []
  const records = await recordsOf({
    kafka: one.kafka,
    scans: [{ topic: one.name }, { topic: other.name }],
    onProgress: (done, total) => progress.push([done, total]),
  })
  for (const partition of [0, 1, 2]) {
    const own = records.filter((record) => record.topic === one.name && record.partition === partition)
    expect(valuesOf(own)).toEqual(written.filter((message) => message.partition === partition).map(({ value }) => value))
    expect(own.map(({ offset }) => offset)).toEqual(own.map((_, n) => n))
  }
  expect(records.filter(({ topic }) => topic === other.name)).toEqual([
    {
      topic: other.name,
      partition: 1,
      offset: 0,
      timestamp: 1767600000000,
      key: Buffer.from('k'),
      value: Buffer.from('v'),
      headers: { h: [Buffer.from('1'), Buffer.from('2')], i: Buffer.from('x') },
    },
  ])
  expect(progress.at(-1)).toEqual([3_001, 3_001])
})

test('it writes nothing, and joins no group', async () => {
  const topic = await topicOf(1)
  await topic.write(...valued('a', 'b'))
  const asked: unknown[] = []
  const watched = new Kafka({
    brokers: inject('brokers'),
    clientId: 'watched',
    logLevel: 5,
    logCreator:
      () =>
      ({ log }) =>
        asked.push(/^Request (\w+)/.exec(log.message)?.[1]),
  })
  expect(valuesOf(await recordsOf({ kafka: watched, scans: [{ topic: topic.name }] }))).toEqual(['a', 'b'])
  expect(asked).toContain('Fetch')
  expect(asked).not.toContain('Produce')
  expect(asked).not.toContain('JoinGroup')
  expect(await topic.admin.fetchTopicOffsets(topic.name)).toMatchObject([{ high: '2' }])
})

test('only the partitions that are asked for are read', async () => {
  const topic = await topicOf(3)
  await topic.write(...[0, 1, 2].map((partition) => ({ partition, value: `${partition}` })))
  expect(await topic.scan({ partitions: [1] })).toEqual(['1'])
})

test('a partition that ends in the marker of a transaction is read to its end', async () => {
  const topic = await topicOf(1)
  for (const values of [['a', 'b'], ['c']]) await (await topic.begin(...valued(...values))).commit()
  expect(await topic.scan()).toEqual(['a', 'b', 'c'])
})

test('aborted records are not delivered, wherever they lie, and a partition that ends in them is read to its end', async () => {
  const topic = await topicOf(1)
  const writer = await topic.transactional()
  const send = async (end: 'commit' | 'abort', ...messages: Message[]) => {
    const transaction = await writer.transaction()
    await transaction.send({ topic: topic.name, acks: -1, messages })
    await transaction[end]()
  }
  await send('commit', ...valued('a'))
  await send('abort', ...valued('b', 'c'))
  await send('commit', ...valued('d'))
  const long = await topic.begin(...valued('e'))
  await topic.write(...valued('f'))
  await long.abort()
  // Its key is that of an abort marker, which it is not.
  await send('abort', { key: Buffer.alloc(4), value: 'g' }, ...valued('h'))
  expect(await topic.scan()).toEqual(['a', 'd', 'f'])
})

test('nothing but aborted records is read to its end', async () => {
  const topic = await topicOf(1)
  await (await topic.begin(...valued('a', 'b'))).abort()
  expect(await topic.scan()).toEqual([])
})

test('a transaction that is open at first is waited for, and what is behind it comes after it', async () => {
  const topic = await topicOf(1)
  await topic.write(...valued('a'))
  const transaction = await topic.begin(...valued('b'))
  await topic.write(...valued('c'))
  const waiting = Promise.withResolvers<void>()
  const scan = topic.scan({}, { onProgress: (done) => done === 1 && waiting.resolve() })
  await waiting.promise
  await transaction.commit()
  expect(await scan).toEqual(['a', 'b', 'c'])
})

test('a transaction that does not end is not waited for for ever: the fault says where it began', async () => {
  const topic = await topicOf(1)
  await topic.write(...valued('a'))
  const transaction = await topic.begin(...valued('b'))
  const fault = await faultOf(topic.scan({}, { patienceMs: 300 }))
  await transaction.abort()
  expect(fault).toBeInstanceOf(ScanError)
  expect(String(fault)).toBe(
    `ScanError: ${topic.name}/0 cannot be read from offset 1 on: a transaction that began there has not ended for 0.3 s. Its producer is stuck, or was killed: the brokers end it after its transaction.timeout.ms, then try again`,
  )
})

test('from a time on: the first record that is as late, and all behind it', async () => {
  const topic = await topicOf(2)
  const at = (timestamp: number, partition: number) => ({ value: `${timestamp}`, partition, timestamp: `${timestamp}` })
  await topic.write(at(1000, 0), at(3000, 0), at(2000, 0), at(4000, 1), at(500, 1))
  const from = (timestamp: number) => topic.scan({ from: { timestamp } }).then((values) => values.toSorted())
  expect(await from(2000)).toEqual(['2000', '3000', '4000', '500'])
  expect(await from(4000)).toEqual(['4000', '500'])
  expect(await from(4001)).toEqual([])
})

test('from an offset on; from the end, there is nothing', async () => {
  const topic = await topicOf(1)
  await topic.write(...valued('a', 'b', 'c'))
  expect(await topic.scan({ partitions: [0], from: { offset: 1 } })).toEqual(['b', 'c'])
  expect(await topic.scan({ partitions: [0], from: { offset: 3 } })).toEqual([])
})

test('an offset that is not in the log is a fault that tells what is there', async () => {
  const topic = await topicOf(1)
  await topic.write(...valued('a', 'b', 'c'))
  expect(String(await faultOf(topic.scan({ from: { offset: 4 } })))).toBe(
    `ScanError: ${topic.name}/0 has no offset 4: it has 0 to 2`,
  )
  await topic.admin.deleteTopicRecords({ topic: topic.name, partitions: [{ partition: 0, offset: '2' }] })
  expect(String(await faultOf(topic.scan({ from: { offset: 1 } })))).toBe(
    `ScanError: ${topic.name}/0 has no offset 1: it has 2 to 2. What was before is deleted by age`,
  )
})

test('a topic or partition that does not exist is a fault, and is not created', async () => {
  const topic = await topicOf(2)
  const missing = `${topic.name}-missing`
  const fault = await faultOf(recordsOf({ kafka: topic.kafka, scans: [{ topic: topic.name }, { topic: missing }] }))
  expect(fault).toBeInstanceOf(TopicsError)
  expect(fault).toMatchObject({ faults: [`${missing} does not exist, or may not be described`] })
  expect(await faultOf(topic.scan({ partitions: [0, 2] }))).toMatchObject({
    faults: [`${topic.name} has 2 partitions, from 0 on, and no partition 2`],
  })
  expect(await topic.admin.listTopics()).not.toContain(missing)
})

test('who has found what it looked for is not called again', async () => {
  const topic = await topicOf(3)
  await topic.write(...Array.from({ length: 300 }, (_, n) => ({ partition: n % 3, value: `${n}` })))
  let seen = 0
  await topic.scan({}, { onRecord: () => (++seen === 5 ? 'stop' : 'go-on') })
  expect(seen).toBe(5)
})

test('what throws in whoever is told ends the scan with it', async () => {
  const topic = await topicOf(2)
  await topic.write(...valued('a'))
  const onRecord = () => {
    throw new RangeError('of the reader')
  }
  expect(await faultOf(topic.scan({}, { onRecord }))).toEqual(new RangeError('of the reader'))
})

test('what is written while it reads is left out', async () => {
  const topic = await topicOf(1)
  await topic.write(...valued('a'))
  const transaction = await topic.begin(...valued('b'))
  const waiting = Promise.withResolvers<void>()
  const scan = topic.scan({}, { onProgress: (done) => done === 1 && waiting.resolve() })
  await waiting.promise
  await topic.write(...valued('c'))
  await transaction.commit()
  expect(await scan).toEqual(['a', 'b'])
})

test('what is deleted by age while it reads is passed over', async () => {
  const topic = await topicOf(1)
  await topic.write(...valued('a'))
  const transaction = await topic.begin(...valued('b', 'c'))
  const waiting = Promise.withResolvers<void>()
  const scan = topic.scan({}, { onProgress: (done) => done === 1 && waiting.resolve() })
  await waiting.promise
  await topic.admin.deleteTopicRecords({ topic: topic.name, partitions: [{ partition: 0, offset: '2' }] })
  await transaction.commit()
  expect(await scan).toEqual(['a', 'c'])
})

/** A client whose connections can be cut: as brokers name their own addresses, a proxy would be passed by. */
const cuttableKafka = () => {
  const sockets = new Set<Socket>()
  let cut = false
  const kafka = new Kafka({
    brokers: inject('brokers'),
    logCreator: () => () => {},
    retry: { initialRetryTime: 20, retries: 2, maxRetryTime: 100 },
    socketFactory: ({ host, port, onConnect }) => {
      const socket = connect(cut ? { host: '127.0.0.1', port: 1 } : { host, port }, onConnect)
      sockets.add(socket)
      return socket
    },
  })
  return {
    kafka,
    open: () => [...sockets].filter(({ destroyed }) => !destroyed).length,
    opened: () => sockets.size,
    cut: () => {
      cut = true
      for (const socket of sockets) socket.destroy(new Error('cut by the test')) // kafkajs looks for no other sign
    },
    mend: () => {
      cut = false
    },
  }
}

test('brokers that are gone midway are a fault, not an end', async () => {
  const topic = await topicOf(1)
  await topic.write(...valued('a'))
  const transaction = await topic.begin(...valued('b')) // keeps the scan from ending
  const client = cuttableKafka()
  const fault = await faultOf(
    recordsOf({
      kafka: client.kafka,
      scans: [{ topic: topic.name }],
      patienceMs: 1_000,
      onProgress: (done) => done === 1 && client.cut(),
    }),
  )
  await transaction.commit()
  expect(fault).toBeInstanceOf(ScanError)
  expect(String(fault)).toMatch(/^ScanError: it-scan-\w+\/0 could not be read for 1 s: .+\. Are the brokers up\?$/)
})

test('brokers that come back in time are read on from where it was', async () => {
  const topic = await topicOf(1)
  await topic.write(...valued('a'))
  const transaction = await topic.begin(...valued('b'))
  const client = cuttableKafka()
  const cut = Promise.withResolvers<void>()
  const scan = recordsOf({
    kafka: client.kafka,
    scans: [{ topic: topic.name }],
    onProgress: (done) => {
      if (done < 1) return
      client.cut()
      cut.resolve()
    },
  })
  await cut.promise
  await transaction.commit()
  client.mend()
  expect(valuesOf(await scan)).toEqual(['a', 'b'])
})

test('no connection stays open behind it: a command would never end', async () => {
  const [one, other] = [await topicOf(3), await topicOf(3)]
  for (const topic of [one, other]) await topic.write(...[0, 1, 2].map((partition) => ({ partition, value: 'v' })))
  const { kafka, open, opened } = cuttableKafka()
  expect(await recordsOf({ kafka, scans: [{ topic: one.name }, { topic: other.name }] })).toHaveLength(6)
  expect(opened()).toBeGreaterThan(0)
  await vi.waitUntil(() => open() === 0, { timeout: PATIENCE_MS, interval: 20 })
})

test('what compaction has taken out, single records and whole batches, is passed over', async () => {
  const topic = await topicOf(1, {
    'cleanup.policy': 'compact',
    'segment.ms': '1',
    'min.cleanable.dirty.ratio': '0.01',
    'delete.retention.ms': '0',
    'max.compaction.lag.ms': '1',
  })
  const idempotent = topic.kafka.producer({ idempotent: true, allowAutoTopicCreation: false })
  await idempotent.connect()
  onTestFinished(() => idempotent.disconnect())
  await topic.write(...valued('a', 'b', 'c', 'd')) // of this batch the end goes: its bounds stay
  await idempotent.send({ topic: topic.name, acks: -1, messages: valued('e', 'f') }) // of this, all but its producer's last sequence
  await (await topic.begin(...valued('g'))).abort()
  await topic.write(...['c', 'd', 'e', 'f'].map((key) => ({ key, value: null })))

  await vi.waitFor(
    async () => {
      await topic.write({ key: 'z', value: 'z' }) // the cleaner leaves the last segment alone
      expect((await topic.scan()).filter((value) => value !== 'z')).toEqual(['a', 'b'])
    },
    { timeout: PATIENCE_MS, interval: 500 },
  )
  expect(await topic.scan({ from: { offset: 3 } })).toContain('z')
})
