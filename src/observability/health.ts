import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'

export interface Health {
  readonly url: string
  close(): Promise<void>
}

/** The port cannot be had. Says what to do. */
export class PortError extends Error {
  override readonly name = 'PortError'

  /** `section`: of the configuration. */
  constructor(host: string, port: number, code: string | undefined, section: 'http' | 'webhook') {
    super(
      `cannot listen on ${host}:${port} (${code}): set ${section}.host and ${section}.port to something free, or port to 0 for any`,
    )
  }
}

/** `/livez`: the process turns and has not failed for good. `/readyz`: it does its work, or says what it waits for. `/metrics`. */
export const serveHealth = async (options: {
  readonly host: string
  readonly port: number
  readonly registry: Registry
  /** What it waits for; empty when ready. */
  readonly waitingFor: () => readonly string[]
}): Promise<Health> => {
  const server = createServer((request, response) => {
    const answer = (status: number, body: string, type = 'text/plain; charset=utf-8') => {
      response.writeHead(status, { 'content-type': type })
      response.end(body)
    }
    switch (request.url) {
      case '/livez':
        return answer(200, 'alive\n')
      case '/readyz': {
        const waiting = options.waitingFor()
        return waiting.length === 0 ? answer(200, 'ready\n') : answer(503, `waiting for ${waiting.join(', ')}\n`)
      }
      case '/metrics':
        options.registry.metrics().then(
          (text) => answer(200, text, options.registry.contentType),
          () => answer(500, 'the metrics could not be gathered\n'),
        )
        return
      default:
        answer(404, 'try /livez, /readyz or /metrics\n')
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', ({ code }: NodeJS.ErrnoException) => reject(new PortError(options.host, options.port, code, 'http')))
    server.listen(options.port, options.host, resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${options.host === '0.0.0.0' ? '127.0.0.1' : options.host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
      }),
  }
}
