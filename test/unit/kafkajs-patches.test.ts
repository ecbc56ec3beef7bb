import { once } from 'node:events'
import { createRequire } from 'node:module'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
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

describe('a header with the name of what every object has', () => {
  const DECODER = require.resolve('kafkajs/src/protocol/decoder')
  const Encoder = require('kafkajs/src/protocol/encoder') as new () => HeaderEncoder
  const decodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0/decoder') as (
    decoder: unknown,
    batch: object,
  ) => { readonly headers: object }

  interface HeaderEncoder {
    readonly buffer: Buffer
    writeInt8(value: number): HeaderEncoder
    writeVarInt(value: number): HeaderEncoder
    writeVarLong(value: number): HeaderEncoder
    writeVarIntString(value: string): HeaderEncoder
  }

  /** Without key and value, and with one header. */
  const fetched = () => {
    const Decoder = require(DECODER) as new (bytes: Buffer) => unknown
    const start = new Encoder().writeInt8(0).writeVarLong(0).writeVarInt(0).writeVarInt(-1).writeVarInt(-1)
    const { buffer } = start.writeVarInt(1).writeVarIntString('constructor').writeVarIntString('a')
    return decodeRecord(new Decoder(buffer), { firstOffset: '0', firstTimestamp: '0' }).headers
  }

  test('has a function for a value to kafkajs, unless it is patched', () => {
    delete require.cache[DECODER]
    expect(fetched()).toEqual({ constructor: [expect.any(Function), Buffer.from('a')] })
  })

  test('has its own alone, with the patch', () => {
    delete require.cache[DECODER]
    patchKafkajs()
    expect(fetched()).toEqual({ constructor: Buffer.from('a') })
  })
})

describe('a search for the coordinator that no broker answers', () => {
  const CLUSTER = require.resolve('kafkajs/src/cluster')
  const searched = async (brokers: object = {}) => {
    const { prototype } = require(CLUSTER) as { prototype: { findGroupCoordinatorMetadata(asked: object): Promise<unknown> } }
    const nobody = { brokerPool: { withBroker: async () => null }, ...brokers }
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

  test('does not pass, with the patch, where a broker answers that this user may not know', async () => {
    delete require.cache[CLUSTER]
    patchKafkajs()
    const denied = Object.assign(new Error('Not authorized to access group'), { type: 'GROUP_AUTHORIZATION_FAILED' })
    const findGroupCoordinator = () => Promise.reject(denied)
    expect(await searched({ findControllerBroker: async () => ({ findGroupCoordinator }) })).toBe(denied)
  })
})

describe('a broker that takes the connection and says nothing', () => {
  const BROKER = require.resolve('kafkajs/src/broker')
  const Pool = require('kafkajs/src/network/connectionPool') as new (options: object) => object
  const socketFactory = (require('kafkajs/src/network/socketFactory') as () => object)()
  const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
  const logger = { namespace: () => silent }

  interface Broker {
    connect(): Promise<void>
    disconnect(): Promise<void>
    isConnected(): boolean
    metadata(topics: readonly string[]): Promise<unknown>
  }

  /** Of `requestTimeout` it is told as of any other. */
  const brokerAt = async ({ requestTimeout }: { readonly requestTimeout: number }) => {
    const server = await startMute()
    const BrokerClass = require(BROKER) as new (options: object) => Broker
    const timeouts = { connectionTimeout: 60, requestTimeout }
    const pool = new Pool({ host: '127.0.0.1', port: server.port, socketFactory, logger, clientId: 'c', ...timeouts })
    const broker = new BrokerClass({ connectionPool: pool, logger })
    onTestFinished(async () => {
      await broker.disconnect()
      await server.close()
    })
    return { server, broker }
  }

  test('counts as connected to kafkajs, which asks it no more what it is, unless it is patched', async () => {
    delete require.cache[BROKER]
    const { broker } = await brokerAt({ requestTimeout: 60 })
    await expect(broker.connect()).rejects.toMatchObject({ name: 'KafkaJSRequestTimeoutError' })
    expect(broker.isConnected()).toBe(true)
    await broker.connect()
    await expect(broker.metadata([])).rejects.toThrow('Broker not connected')
  })

  test('is not connected, with the patch, and the error is one after which kafkajs tries the next', async () => {
    delete require.cache[BROKER]
    patchKafkajs()
    const { broker } = await brokerAt({ requestTimeout: 60_000 })
    const error = { name: 'KafkaJSConnectionError', message: 'Connection was taken, and nothing said', retriable: true }
    await expect(broker.connect()).rejects.toMatchObject(error)
    expect(broker.isConnected()).toBe(false)
    await expect(broker.connect(), 'and so every time').rejects.toMatchObject(error)
  })

  test('is not connected for anybody else, with the patch, while it is still waited for', async () => {
    delete require.cache[BROKER]
    patchKafkajs()
    const { broker, server } = await brokerAt({ requestTimeout: 60_000 })
    const connecting = broker.connect()
    await server.asked
    expect(broker.isConnected()).toBe(false)
    await expect(connecting).rejects.toThrow('nothing said')
  })

  test('is waited for by all who want it at once, with the patch, and not by one after the other', async () => {
    delete require.cache[BROKER]
    patchKafkajs()
    const { broker, server } = await brokerAt({ requestTimeout: 60_000 })
    const attempts = await Promise.allSettled(Array.from({ length: 50 }, () => broker.connect()))
    expect(new Set(attempts.map((attempt) => attempt.status === 'rejected' && String(attempt.reason)))).toEqual(
      new Set(['KafkaJSConnectionError: Connection was taken, and nothing said']),
    )
    expect(server.requests()).toBe(1)
  })

  test('is connected, with the patch, once it says what it understands', async () => {
    delete require.cache[BROKER]
    patchKafkajs()
    const { broker, server } = await brokerAt({ requestTimeout: 60_000 })
    await expect(broker.connect()).rejects.toThrow('nothing said')
    server.speak()
    await broker.connect()
    expect(broker.isConnected()).toBe(true)
  })
})

/** Takes connections and requests, and answers once it may: always that it understands nothing but to be asked that. */
const startMute = async () => {
  const sockets = new Set<Socket>()
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>()
  let speaks = false
  let requests = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', (request: Buffer) => {
      ask()
      requests++
      const answer = Buffer.alloc(4 + 4 + 2 + 4 + 6 + 4)
      answer.writeInt32BE(answer.length - 4, 0)
      request.copy(answer, 4, 8, 12) // the correlation id
      answer.writeInt32BE(1, 10)
      answer.writeInt16BE(18, 14)
      if (speaks) socket.write(answer)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    requests: () => requests,
    speak: () => {
      speaks = true
    },
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

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
