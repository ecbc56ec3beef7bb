import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import type { Admin } from './admin.ts'
import type { Numbered, Ring } from './ring.ts'

export const ADMIN_PATH = '/_simulator'

export interface AdminRoute {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly purpose: string
  readonly serve: (
    admin: Admin,
    call: { readonly text: string; readonly query: URLSearchParams },
    response: ServerResponse,
  ) => void | Promise<void>
}

export const answer = (response: ServerResponse, status: number, body: unknown): void => {
  const text = `${JSON.stringify(body, null, 2)}\n`
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

/** The body of a call, or, after a 400 that begins with `failure`, nothing. An empty body is an empty object. */
export const readBody = <T>(schema: z.ZodType<T>, text: string, response: ServerResponse, failure: string): T | undefined => {
  const read = jsonText.pipe(schema).safeParse(text.trim() === '' ? '{}' : text)
  if (read.success) return read.data
  answer(response, 400, { message: `${failure}: ${z.prettifyError(read.error)}\nGET ${ADMIN_PATH} shows the shape` })
  return undefined
}

/** One thing, or a list of them. */
export const listOf = <S extends z.ZodType>(schema: S) =>
  z
    .unknown()
    .transform((json) => (Array.isArray(json) ? json : [json]))
    .pipe(z.array(schema).min(1))

const jsonText = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    context.addIssue({ code: 'custom', message: 'the body must be JSON' })
    return z.NEVER
  }
})

/** NDJSON: ?after=<sequence>&limit=<n>. */
export const serveRing = async <F>(
  ring: Ring<F>,
  format: (entry: Numbered<F>) => string,
  query: URLSearchParams,
  response: ServerResponse,
): Promise<void> => {
  const range = ringQuery.safeParse(Object.fromEntries(query))
  if (!range.success) return answer(response, 400, { message: z.prettifyError(range.error) })
  response.writeHead(200, { 'content-type': 'application/x-ndjson; charset=utf-8' })
  try {
    await pipeline(Readable.from(inChunks(ring.after(range.data.after, range.data.limit), format)), response)
  } catch (error) {
    // The reader left in the middle; nobody is there to be told.
    if (!response.destroyed) throw error
  }
}

const ringQuery = z.strictObject({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).default(10_000),
})

/** Some 100 lines a write: one each would cost more than formatting them. */
function* inChunks<F>(entries: Iterable<F>, format: (entry: F) => string): Generator<string, void> {
  let lines: string[] = []
  for (const entry of entries) {
    lines.push(format(entry))
    if (lines.length < 100) continue
    yield lines.join('')
    lines = []
  }
  if (lines.length > 0) yield lines.join('')
}
