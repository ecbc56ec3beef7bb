import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The way to a registry that does not know some schemas, until it is told. */
export interface ForgetfulRegistry {
  readonly url: string
  forget(schemaId: number): void
  learn(schemaId: number): void
  close(): Promise<void>
}

export const openForgetfulRegistry = async (registryUrl: string): Promise<ForgetfulRegistry> => {
  const forgotten = new Set<number>()
  const server = createServer(async (request, response) => {
    const id = /\/schemas\/ids\/(\d+)/.exec(request.url ?? '')?.[1]
    if (id !== undefined && forgotten.has(Number(id))) {
      response.writeHead(404, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error_code: 40403, message: 'Schema not found' }))
      return
    }
    const answer = await fetch(`${registryUrl.replace(/\/$/, '')}${request.url}`, {
      method: request.method ?? 'GET',
      headers: { 'content-type': request.headers['content-type'] ?? 'application/json' },
      ...(request.method !== 'GET' && { body: await bodyOf(request) }),
    })
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' })
    response.end(Buffer.from(await answer.arrayBuffer()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    forget: (id) => void forgotten.add(id),
    learn: (id) => void forgotten.delete(id),
    close: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
