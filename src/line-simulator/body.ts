import type { IncomingMessage } from 'node:http'

/** LINE's limit; whether it counts 2^21 or 2,000,000 bytes is not stated. */
const MAX_BYTES = 2 * 1024 * 1024

export type Body =
  | { readonly kind: 'whole'; readonly text: string }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'incomplete' }

/** Reads a request's body and calls back exactly once. What is too large is read to its end and thrown away: to answer earlier would
 *  reset the connection under a client that is still writing, and hide the 413. A callback, not a promise, as this is the hot path. */
export const readBody = (request: IncomingMessage, done: (body: Body) => void): void => {
  let chunks: Buffer[] = []
  let bytes = 0
  let isDone = false
  const finish = (body: Body): void => {
    if (isDone) return
    isDone = true
    done(body)
  }
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > MAX_BYTES) chunks = []
    else chunks.push(chunk)
  })
  request.on('end', () => {
    if (bytes > MAX_BYTES) return finish({ kind: 'too-large' })
    const [first] = chunks
    finish({ kind: 'whole', text: (chunks.length === 1 && first ? first : Buffer.concat(chunks)).toString('utf8') })
  })
  request.on('error', () => finish({ kind: 'incomplete' }))
  request.on('close', () => finish({ kind: 'incomplete' }))
}
