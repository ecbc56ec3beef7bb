import { createRequire } from 'node:module'
import { deniedOf } from './denied.ts'

/** What must be mended in kafkajs itself. Bound to the exact version: a new kafkajs must be looked at again, and
 *  test/unit/kafkajs-patches.test.ts fails when one of these is no longer needed. Safe to repeat. */
export const patchKafkajs = (): void => {
  const { version } = require('kafkajs/package.json') as { version: string }
  if (version !== PATCHED_VERSION)
    throw new Error(
      `kafkajs is ${version}, but src/kafka/kafkajs-patches.ts was written for ${PATCHED_VERSION}: look whether it is still needed`,
    )
  patchRequestQueue()
  patchEmptyBatches()
  patchHeaders()
  patchCoordinatorSearch()
  patchMuteBrokers()
}

export const PATCHED_VERSION = '2.2.4'

const require = createRequire(import.meta.url)
/** Classes and functions that are as we want them. */
const mended = new WeakSet<object>()

/** kafkajs re-arms a timer about every millisecond on every connection, for as long as it is open, although there is work for it only
 *  while requests are pending: 5–7 % of a core with 64 idle producers, and a TimeoutNegativeWarning on Node 24 and later (the computed
 *  delay is negative). This arms it only when something is pending. */
const patchRequestQueue = (): void => {
  const { prototype } = require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue }
  if (mended.has(prototype)) return
  mended.add(prototype)
  const original = prototype.scheduleCheckPendingRequests
  prototype.scheduleCheckPendingRequests = function () {
    if (this.pending.length > 0) original.call(this)
  }
}

interface RequestQueue {
  readonly pending: readonly unknown[]
  scheduleCheckPendingRequests(): void
}

/** Compaction leaves a batch without records where a producer's last sequence must be kept, and a fetch does not go beyond a segment: one
 *  that ends in such a batch answers with nothing but it. kafkajs sees no records, does not move, and asks for the same offset for ever
 *  (seen: after a total crash, journals of which the last transaction was aborted and compacted away were never restored). As the
 *  batch says how far it reaches, it is given one control record there: those are not delivered, and are moved over. */
const patchEmptyBatches = (): void => {
  const path = require.resolve('kafkajs/src/protocol/recordBatch/v0/decoder')
  const original = require(path) as RecordBatchDecoder
  if (mended.has(original)) return
  const decoder: RecordBatchDecoder = async (bytes) => {
    const batch = await original(bytes)
    if (batch.records.length > 0) return batch
    const offset = String(BigInt(batch.firstOffset) + BigInt(batch.lastOffsetDelta))
    const end = {
      offset,
      timestamp: batch.maxTimestamp,
      key: null,
      value: null,
      headers: {},
      attributes: 0,
      isControlRecord: true,
    }
    return { ...batch, records: [{ ...end, batchContext: { ...batch, inTransaction: false, isControlBatch: true } }] }
  }
  const module = require.cache[path]
  if (!module) throw new Error(`${path} is not in the cache of modules`)
  mended.add(decoder)
  module.exports = decoder
  // Whoever has taken the original is loaded anew; kafkajs asks for these at every fetch.
  for (const loaded of Object.keys(require.cache))
    if (/[\\/]kafkajs[\\/]src[\\/]protocol[\\/]requests[\\/]fetch[\\/]v\d+[\\/]/.test(loaded)) delete require.cache[loaded]
}

/** kafkajs copies all headers of a record for each that follows: 20,000 of them, 100 KB, take 45 s in which nothing else happens, and
 *  the next worker that gets the partition takes them again. And what it takes for a header that came before is whatever an object has by that name:
 *  under `constructor` there is a function. A header without a value is null there, against its own typings; here it is empty. */
const patchHeaders = (): void => {
  const { prototype } = require('kafkajs/src/protocol/decoder') as { prototype: Decoder }
  if (mended.has(prototype)) return
  mended.add(prototype)
  const readHeader: unknown = require('kafkajs/src/protocol/recordBatch/header/v0/decoder')
  const original = prototype.readVarIntArray
  prototype.readVarIntArray = function (read) {
    const items = original.call(this, read)
    // Whoever asks for headers makes one object of them, and nothing else.
    return read === readHeader ? { reduce: () => headersOf(items as readonly Header[]) } : items
  }
}

const headersOf = (given: readonly Header[]): Readonly<Record<string, Buffer | Buffer[]>> => {
  const headers = new Map<string, Buffer | Buffer[]>()
  for (const { key, value } of given) {
    const bytes = value ?? Buffer.alloc(0)
    const known = headers.get(key)
    if (known === undefined) headers.set(key, bytes)
    else if (Array.isArray(known)) known.push(bytes)
    else headers.set(key, [known, bytes])
  }
  return Object.fromEntries(headers)
}

interface Header {
  readonly key: string
  readonly value: Buffer | null
}

interface Decoder {
  readVarIntArray(read: unknown): unknown
}

/** When no broker answers the question who coordinates a group, kafkajs throws an error that it takes for final: a consumer that rejoins
 *  just then ends for good, and the worker with it (seen: every worker of a fleet, at an orderly restart of the brokers during a
 *  rebalance). It passes, like any refused connection: marked so, kafkajs's own retries take it. It does not pass when the brokers do answer,
 *  and do not allow this user to know: kafkajs forgets that, and it is asked for once more (seen: a worker without the ACL of its group tried for
 *  ever). */
const patchCoordinatorSearch = (): void => {
  const { prototype } = require('kafkajs/src/cluster') as { prototype: Cluster }
  if (mended.has(prototype)) return
  mended.add(prototype)
  const original = prototype.findGroupCoordinatorMetadata
  prototype.findGroupCoordinatorMetadata = async function (asked) {
    try {
      return await original.call(this, asked)
    } catch (error) {
      if (!(error instanceof Error && error.name === 'KafkaJSGroupCoordinatorNotFound')) throw error
      const denial = await coordinatorDenial(this, asked)
      throw denial ?? Object.assign(error, { retriable: true, code: 'ECONNREFUSED' })
    }
  }
}

const coordinatorDenial = async (cluster: Cluster, asked: object): Promise<unknown> => {
  try {
    const broker = await cluster.findControllerBroker()
    await broker.findGroupCoordinator(asked)
  } catch (error) {
    if (deniedOf(error) !== undefined) return error
  }
  return undefined
}

interface Cluster {
  findGroupCoordinatorMetadata(asked: object): Promise<unknown>
  findControllerBroker(): Promise<{ findGroupCoordinator(asked: object): Promise<unknown> }>
}

/** A broker that takes the connection and says nothing (it was stopped, hangs, or has just begun to start) is known to kafkajs from then on,
 *  though nobody knows which requests it understands: it is asked no more what it is, and every request to it fails with an error that
 *  consumers take for final. Until then it is waited for as long as for any answer, 30 s, and whoever else wants it waits in a row for 20 s,
 *  and then ends for good (seen: a worker, when a broker that had crashed was mute for 45 s). Here it is not connected before it has said what it
 *  understands, is given as long for that as for the connection, and all who want it wait for the same attempt. The error is that of a
 *  connection that failed: the next broker is tried, and kafkajs goes on trying. */
const patchMuteBrokers = (): void => {
  const { prototype } = require('kafkajs/src/broker') as { prototype: Broker }
  if (mended.has(prototype)) return
  mended.add(prototype)
  const { KafkaJSConnectionError } = require('kafkajs/src/errors') as Errors
  const { connect, isConnected, apiVersions } = prototype
  const connecting = new WeakMap<Broker, Promise<void>>()
  prototype.connect = function () {
    const attempt = connecting.get(this) ?? connect.call(this).finally(() => connecting.delete(this))
    connecting.set(this, attempt)
    return attempt
  }
  prototype.isConnected = function () {
    return this.lookupRequest.name !== 'notInitializedLookup' && isConnected.call(this)
  }
  prototype.apiVersions = async function () {
    const { connectionPool, brokerAddress } = this
    const timer = setTimeout(() => {
      const error = new KafkaJSConnectionError(MUTE, { broker: brokerAddress })
      connectionPool.map((connection) => connection.rejectRequests(error))
    }, connectionPool.connectionTimeout)
    try {
      return await apiVersions.call(this)
    } finally {
      clearTimeout(timer)
    }
  }
}

/** What is there takes the connection, and does not answer as a broker. */
export const MUTE = 'Connection was taken, and nothing said'

interface Broker {
  readonly brokerAddress: string
  readonly lookupRequest: { readonly name: string }
  readonly connectionPool: {
    readonly connectionTimeout: number
    map(each: (connection: { rejectRequests(error: Error): void }) => void): void
  }
  connect(): Promise<void>
  isConnected(): boolean
  apiVersions(): Promise<unknown>
}

interface Errors {
  readonly KafkaJSConnectionError: new (message: string, options: { readonly broker: string }) => Error
}

type RecordBatchDecoder = (bytes: unknown) => Promise<RecordBatch>

interface RecordBatch {
  readonly firstOffset: string
  readonly lastOffsetDelta: number
  readonly maxTimestamp: string
  readonly records: readonly object[]
}
