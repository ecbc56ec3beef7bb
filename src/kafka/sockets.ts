import { connect, isIP } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ISocketFactory } from 'kafkajs'

const KEEP_ALIVE_MS = 60_000

/** Sockets as kafkajs makes them, without Node's warning of too many listeners: while brokers are away, kafkajs ends connections that never
 *  came about again and again, and each time `unref` waits once more for a socket that will not connect. It goes with the socket. */
export const makeSocket: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  const named = isIP(host) === 0 ? { servername: host } : {}
  const socket = ssl ? connectTls({ host, port, ...named, ...ssl }, onConnect) : connect({ host, port }, onConnect)
  socket.setKeepAlive(true, KEEP_ALIVE_MS)
  socket.setMaxListeners(0)
  return socket
}
