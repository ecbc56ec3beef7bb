import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'

export interface PeerRequest {
  /** Every byte of it. */
  readonly text: string
  readonly body: string
  readonly header: (name: string) => string | undefined
  readonly socket: Socket
}

/** The other end of the wire, as raw as LINE's worst day. It keeps all that it was sent. */
export interface Peer {
  readonly port: number
  readonly origin: string
  readonly connections: readonly { readonly socket: Socket; readonly received: string }[]
  readonly requests: readonly PeerRequest[]
  readonly tags: () => readonly (string | undefined)[]
}

export const startPeer = async (respond: (request: PeerRequest) => void): Promise<Peer> => {
  const server = createServer()
  const intake = takeConnections(respond)
  server.on('connection', intake.take)
  const port = await listen(server)
  return { port, origin: `http://127.0.0.1:${port}`, ...intake }
}

export const startTlsPeer = async (
  respond: (request: PeerRequest) => void,
): Promise<Peer & { readonly alpn: readonly unknown[] }> => {
  const alpn: unknown[] = []
  const server = createTlsServer({ key: LOCALHOST_KEY, cert: LOCALHOST_CERTIFICATE, ALPNProtocols: ['h2', 'http/1.1'] })
  const intake = takeConnections(respond)
  server.on('secureConnection', (socket: TLSSocket) => {
    alpn.push(socket.alpnProtocol)
    intake.take(socket)
  })
  const port = await listen(server)
  return { port, origin: `https://localhost:${port}`, ...intake, alpn }
}

/** Closed when the test is over; clients made after it are closed before it. */
export const listen = async (server: Server): Promise<number> => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.close()
    await once(server, 'close')
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the server listens on no port')
  return address.port
}

/** A port on which nobody listens. */
export const closedPort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('the server listened on no port')
  return address.port
}

export const answer = (status: number, body = '{}', headers: readonly string[] = []): string =>
  [`HTTP/1.1 ${status} X`, `Content-Length: ${Buffer.byteLength(body)}`, ...headers, '', body].join('\r\n')

const takeConnections = (respond: (request: PeerRequest) => void) => {
  const connections: { socket: Socket; received: string }[] = []
  const requests: PeerRequest[] = []
  const take = (socket: Socket): void => {
    const connection = { socket, received: '' }
    connections.push(connection)
    let unread = ''
    // Resets are what many tests are about; what they mean is asserted at the client's end.
    socket.on('error', () => {})
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      connection.received += chunk
      unread += chunk
      for (let request = cutRequest(unread, socket); request; request = cutRequest(unread, socket)) {
        unread = unread.slice(request.text.length)
        requests.push(request)
        respond(request)
      }
    })
  }
  const tags = () => requests.map((request) => request.header('x-line-delivery-tag'))
  return { connections, requests, tags, take }
}

/** The bodies of these tests are ASCII: bytes and characters are the same. */
const cutRequest = (received: string, socket: Socket): PeerRequest | undefined => {
  const end = received.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const header = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(received.slice(0, end).replaceAll('\r', ''))?.[1]
  const length = end + 4 + Number(header('content-length') ?? 0)
  if (received.length < length) return undefined
  return { text: received.slice(0, length), body: received.slice(end + 4, length), header, socket }
}

/** Self-signed for localhost, made for these tests, trusted by nobody else. */
export const LOCALHOST_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBYDCCAQegAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJWxKr8hS7m9BYTT
JtYi4TbTnbRyOmyaGsP6xw0JSHi0sC/g3xEqIIhUFKmex65PbogxSDGs+DNY+dW9
K0DaaU+jSDBGMBQGA1UdEQQNMAuCCWxvY2FsaG9zdDAPBgNVHRMBAf8EBTADAQH/
MB0GA1UdDgQWBBS0shLkep1eW0btPDiVRIkyI61D8TAKBggqhkjOPQQDAgNHADBE
AiB25tBsNakR8BMCq0HGYh7DT1pfPVkRnbSQq8f139oywwIgfeUE72v7BnrZKzEH
IAIIfD6RinPBtJVncVupqOVawZ0=
-----END CERTIFICATE-----`
const LOCALHOST_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/huGvHZ4MwbXtoI2
/TywKlCAICgWhHhtnb0aKCW7QtWhRANCAASVsSq/IUu5vQWE0ybWIuE20520cjps
mhrD+scNCUh4tLAv4N8RKiCIVBSpnseuT26IMUgxrPgzWPnVvStA2mlP
-----END PRIVATE KEY-----`
