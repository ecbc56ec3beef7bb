import { createServer } from 'node:http'
import type { Registry } from 'prom-client'
import { listen } from '../http-listening.ts'

export interface Health {
  readonly url: string
  close(): Promise<void>
}

/** `/livez`: the process turns and has not failed for good. `/readyz`: it does its work, or says what it waits for. `/metrics`. Throws
 *  PortError. */
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
  const url = await listen(server, { ...options, section: 'http' })
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
      }),
  }
}
