import { createRequire } from 'node:module'
import { patchClass } from './inner-class.ts'

/** Wrong in kafkajs 2.2.4: a broker that takes the connection and says nothing (it was stopped, hangs, or has just begun to start) is known to
 *  it from then on, though nobody knows which requests it understands: it is asked no more what it is, and every request to it fails with
 *  an error that consumers take for final. Until then it is waited for as long as for any answer, 30 s, and whoever else wants it waits in a row
 *  for 20 s, and then ends for good (seen: a worker, when a broker that had crashed was mute for 45 s).
 *
 *  Mended: it is not connected before it has said what it understands, is given as long for that as for the connection, and all who want it
 *  wait for the same attempt. The error is that of a connection that failed: the next broker is tried, and kafkajs goes on trying.
 *
 *  Held by test/unit/kafkajs-patches.test.ts, “a broker that takes the connection and says nothing”. */
export const patchMuteBrokers = (): void =>
  patchClass<Broker>('kafkajs/src/broker', (prototype) => {
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
  })

/** What is there takes the connection, and does not answer as a broker. */
export const MUTE = 'Connection was taken, and nothing said'

const require = createRequire(import.meta.url)

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
