import { createRequire } from 'node:module'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { PATCHED_VERSION, patchKafkajs } from '../../src/kafka/kafkajs-patches.ts'

const require = createRequire(import.meta.url)
const MODULE = require.resolve('kafkajs/src/network/requestQueue')
const { version } = require('kafkajs/package.json') as { version: string }

interface Queue {
  readonly pending: { sent: boolean }[]
  throttledUntil: number
  throttleCheckTimeoutId: unknown
  checkPendingRequests(): void
  scheduleCheckPendingRequests(): void
  push(request: object): void
  fulfillRequest(answer: { correlationId: number; payload: Buffer; size: number }): void
  destroy(): void
}

/** kafkajs's own class, as it was before anybody touched it. */
const pristine = (): (new (options: object) => Queue) => {
  delete require.cache[MODULE]
  return require(MODULE)
}

const open: Queue[] = []
const openQueue = (QueueClass: new (options: object) => Queue, maxInFlightRequests = 1): Queue => {
  const silent = { debug: () => undefined, warn: () => undefined }
  const queue = new QueueClass({ maxInFlightRequests, requestTimeout: 1_000, clientId: 'c', broker: 'b:9092', logger: silent })
  open.push(queue)
  return queue
}
const requestOf = (correlationId: number, sent: number[]) => ({
  entry: { correlationId, resolve: () => undefined, reject: () => undefined },
  expectResponse: true,
  sendRequest: () => sent.push(correlationId),
})

afterEach(() => {
  for (const queue of open.splice(0)) queue.destroy()
  vi.useRealTimers()
})

test('the patch is still needed: kafkajs itself arms a timer though nothing is pending', () => {
  const queue = openQueue(pristine())
  queue.checkPendingRequests()
  expect(queue.throttleCheckTimeoutId).not.toBeNull()
})

test('the patch was written for the kafkajs that is installed', () => expect(version).toBe(PATCHED_VERSION))

describe('with the patch', () => {
  const patchedQueue = (maxInFlightRequests?: number) => {
    const QueueClass = pristine()
    patchKafkajs()
    return openQueue(QueueClass, maxInFlightRequests)
  }

  test('no timer is armed while nothing is pending', () => {
    const queue = patchedQueue()
    queue.checkPendingRequests()
    expect(queue.throttleCheckTimeoutId).toBeNull()
  })

  test('what waits for an answer to another is sent after it', () => {
    vi.useFakeTimers()
    const sent: number[] = []
    const queue = patchedQueue(1)
    queue.push(requestOf(1, sent))
    queue.push(requestOf(2, sent))
    expect(sent).toEqual([1])
    expect(queue.throttleCheckTimeoutId).not.toBeNull()
    queue.fulfillRequest({ correlationId: 1, payload: Buffer.alloc(0), size: 0 })
    expect(sent).toEqual([1, 2])
    vi.advanceTimersByTime(50)
    expect(queue.throttleCheckTimeoutId, 'the timer is not armed again').toBeNull()
  })

  test('what the broker throttles is sent when that is over', () => {
    vi.useFakeTimers()
    const sent: number[] = []
    const queue = patchedQueue(5)
    queue.throttledUntil = Date.now() + 500
    queue.push(requestOf(1, sent))
    vi.advanceTimersByTime(490)
    expect(sent).toEqual([])
    vi.advanceTimersByTime(20)
    expect(sent).toEqual([1])
  })

  test('patching twice is patching once', () => {
    const QueueClass = pristine()
    patchKafkajs()
    const once = QueueClass.prototype.scheduleCheckPendingRequests
    patchKafkajs()
    expect(QueueClass.prototype.scheduleCheckPendingRequests).toBe(once)
  })
})

describe('a batch that compaction has emptied', () => {
  const DECODER = require.resolve('kafkajs/src/protocol/recordBatch/v0/decoder')
  const MESSAGES = require.resolve('kafkajs/src/protocol/requests/fetch/v4/decodeMessages')
  const Decoder = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => unknown
  const Batch = require('kafkajs/src/consumer/batch') as new (
    topic: string,
    offset: string,
    data: object,
  ) => { messages: unknown[]; isEmptyDueToFiltering(): boolean; lastOffset(): string }

  /** As brokers keep it: offsets 340 to 344, a producer's last sequence, and no records. */
  const emptied = (): Buffer => {
    const batch = Buffer.alloc(61)
    batch.writeBigInt64BE(340n, 0)
    batch.writeInt32BE(61 - 12, 8)
    batch.writeInt8(2, 16)
    batch.writeInt16BE(0x10, 21) // transactional
    batch.writeInt32BE(4, 23)
    batch.writeBigInt64BE(7n, 43)
    const size = Buffer.alloc(4)
    size.writeInt32BE(batch.length)
    return Buffer.concat([size, batch])
  }
  const fetched = async () => {
    const decodeMessages = require(MESSAGES) as (decoder: unknown) => Promise<unknown[]>
    const messages = await decodeMessages(new Decoder(emptied()))
    return new Batch('journal', '340', {
      partition: 0,
      highWatermark: '350',
      abortedTransactions: [{ producerId: '7', firstOffset: '340' }],
      messages,
    })
  }
  const forget = () => {
    for (const path of Object.keys(require.cache)) if (path === DECODER || path === MESSAGES) delete require.cache[path]
  }

  test('stops kafkajs for ever, unless it is patched', async () => {
    forget()
    const batch = await fetched()
    expect(batch.isEmptyDueToFiltering()).toBe(false)
  })

  test('delivers nothing and is moved over, with the patch, though it was read before', async () => {
    forget()
    await fetched()
    patchKafkajs()
    const batch = await fetched()
    expect(batch.messages).toEqual([])
    expect(batch.isEmptyDueToFiltering()).toBe(true)
    expect(batch.lastOffset()).toBe('344')
  })
})

describe('a search for the coordinator that no broker answers', () => {
  const CLUSTER = require.resolve('kafkajs/src/cluster')
  const searched = async () => {
    const { prototype } = require(CLUSTER) as { prototype: { findGroupCoordinatorMetadata(asked: object): Promise<unknown> } }
    const nobody = { brokerPool: { withBroker: async () => null } }
    return prototype.findGroupCoordinatorMetadata.call(nobody as never, { groupId: 'g', coordinatorType: 0 }).then(
      () => undefined,
      (error: unknown) => error,
    )
  }

  test('is final to kafkajs, unless it is patched', async () => {
    delete require.cache[CLUSTER]
    expect(await searched()).toMatchObject({ name: 'KafkaJSGroupCoordinatorNotFound', retriable: false })
  })

  test('passes, with the patch', async () => {
    delete require.cache[CLUSTER]
    patchKafkajs()
    expect(await searched()).toMatchObject({ name: 'KafkaJSGroupCoordinatorNotFound', retriable: true, code: 'ECONNREFUSED' })
  })
})

test('another kafkajs is refused: somebody must look whether the patch is still needed', () => {
  const loaded = require.cache[require.resolve('kafkajs/package.json')]
  if (!loaded) throw new Error('kafkajs/package.json is not loaded')
  const original: unknown = loaded.exports
  loaded.exports = { version: '2.3.0' }
  try {
    expect(patchKafkajs).toThrow('kafkajs is 2.3.0, but src/kafka/kafkajs-patches.ts was written for 2.2.4')
  } finally {
    loaded.exports = original
  }
})
