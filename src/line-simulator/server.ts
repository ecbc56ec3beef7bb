import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ListeningServer {
  readonly url: string
  /** Resolves when the last connection is gone. May be called again. */
  stop(): Promise<void>
}

export class ListenError extends Error {
  override readonly name = 'ListenError'
}

/** An HTTP server that can be stopped without waiting for keep-alive to run out. Rejects when it cannot listen. */
export const listen = async (
  { host, port }: { host: string; port: number },
  serve: (...call: Parameters<RequestListener>) => void,
): Promise<ListeningServer> => {
  const underWay = new Set<ServerResponse>()
  let stopping: Promise<void> | undefined

  const server = createServer((request, response) => {
    underWay.add(response)
    // Once stopping, the client must not put another request on this connection.
    if (stopping) response.shouldKeepAlive = false
    response.once('close', () => {
      underWay.delete(response)
      if (stopping && underWay.size === 0) server.closeAllConnections()
    })
    serve(request, response)
  })
  // As load balancers do: clients should be the ones who close, or a request can meet a connection that is just being closed.
  server.keepAliveTimeout = 65_000
  await opened(server, host, port)

  return {
    url: urlOf(server.address()),
    stop: () => {
      stopping ??= new Promise<void>((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()))
        if (underWay.size === 0) server.closeAllConnections()
      })
      return stopping
    },
  }
}

const opened = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const remedy = error.code === 'EADDRINUSE' ? 'choose another port, or 0 for a free one' : 'check host and port'
      reject(new ListenError(`the simulator cannot listen on ${host}:${port} (${error.code ?? error.message}): ${remedy}`))
    })
    server.listen(port, host, resolve)
  })

const urlOf = (address: AddressInfo | string | null): string => {
  if (address === null || typeof address === 'string')
    throw new Error('the simulator listens on no port: this is a defect of listen()')
  const { address: host, family, port } = address
  if (host === '0.0.0.0' || host === '::') return `http://127.0.0.1:${port}`
  return family === 'IPv6' ? `http://[${host}]:${port}` : `http://${host}:${port}`
}
