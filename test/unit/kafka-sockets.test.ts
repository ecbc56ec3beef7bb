import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import type { ISocketFactory } from 'kafkajs'
import { expect, test, vi } from 'vitest'
import { makeSocket } from '../../src/kafka/sockets.ts'
import { closedPort, listen } from './line-peer.ts'

const require = createRequire(import.meta.url)

interface Connection {
  connect(): Promise<unknown>
  disconnect(): Promise<unknown>
  isConnected(): boolean
}

const connectionTo = (port: number, socketFactory: ISocketFactory): Connection => {
  const Made = require('kafkajs/src/network/connection') as new (options: object) => Connection
  const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
  const logger = { ...silent, namespace: () => silent }
  return new Made({ host: '127.0.0.1', port, logger, socketFactory, connectionTimeout: 1_000, requestTimeout: 1_000 })
}

/** The warnings of Node while a connection that never came about is ended again and again, as when brokers are away. */
const warningsWith = async (socketFactory: ISocketFactory): Promise<string[]> => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  try {
    const connection = connectionTo(await closedPort(), socketFactory)
    await expect(connection.connect()).rejects.toThrow('ECONNREFUSED')
    for (let time = 0; time < 20; time += 1) await connection.disconnect()
    return warn.mock.calls.map(([warning]) => (warning instanceof Error ? warning.name : String(warning)))
  } finally {
    warn.mockRestore()
  }
}

test('brokers that are away make no warning of too many listeners', async () => {
  expect(await warningsWith(makeSocket)).toEqual([])
})

test('kafkajs’s own sockets do: this is still needed', async () => {
  const own = require('kafkajs/src/network/socketFactory') as () => ISocketFactory
  expect(await warningsWith(own())).toEqual(['MaxListenersExceededWarning'])
})

test('it connects', async () => {
  const server = createServer((socket) => socket.resume())
  const connection = connectionTo(await listen(server), makeSocket)
  const accepted = once(server, 'connection')
  await connection.connect()
  await accepted
  expect(connection.isConnected()).toBe(true)
  await connection.disconnect()
})
