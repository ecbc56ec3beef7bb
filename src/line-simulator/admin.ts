/* The API for whoever runs a test; LINE has nothing like it. Its requests are neither logged nor counted, and meet no fault.
 *
 *   GET    /_simulator             this list, with what each is for
 *   GET    /_simulator/people      which telephone numbers belong to whom (people.ts)
 *   GET    /_simulator/faults      the faults set, how often each has happened and still will
 *   POST   /_simulator/faults      set one, or a list of them (fault.ts)
 *   DELETE /_simulator/faults      end all
 *   GET    /_simulator/log         NDJSON, ?after=<sequence>&limit=<n> (LogEntry in request-log.ts)
 *   GET    /_simulator/log/count   how many it has counted, keeps, and has dropped
 *   DELETE /_simulator/log         empty it
 *   GET    /_simulator/stats       totals, busiest second, 429s by cause (EndpointStats in stats.ts)
 *   DELETE /_simulator/stats       from zero
 *
 *   curl localhost:8081/_simulator/faults -d '{"kind":"reset","recorded":true,"endpoint":"template","count":3}'
 */
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { faultSpec } from './fault.ts'
import type { FaultBook } from './fault-book.ts'
import { PEOPLE } from './people.ts'
import { formatLogEntry, type LogEntry, type RequestLog } from './request-log.ts'
import type { Stats } from './stats.ts'

/** What the admin API shows and changes. */
export interface Admin {
  readonly faults: FaultBook
  readonly log: RequestLog
  readonly stats: Stats
}

export interface AdminCall {
  readonly method: string
  /** Path and query, beginning with `/_simulator`. */
  readonly url: string
  readonly text: string
}

export const ADMIN_PATH = '/_simulator'

/** Never throws: what fails is answered with a 500. */
export const serveAdmin = (admin: Admin, call: AdminCall, response: ServerResponse): void => {
  serveRoute(admin, call, response).catch((error: unknown) => {
    if (response.headersSent) response.destroy()
    else answer(response, 500, { message: `a defect of the simulator: ${String(error)}` })
  })
}

const serveRoute = async (admin: Admin, call: AdminCall, response: ServerResponse): Promise<void> => {
  const url = new URL(call.url, 'http://simulator')
  const route = ROUTES.find(({ method, path }) => method === call.method && path === url.pathname)
  if (!route) return answer(response, 404, { message: `there is no ${call.method} ${url.pathname} here: see GET ${ADMIN_PATH}` })
  await route.serve(admin, { text: call.text, query: url.searchParams }, response)
}

interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly purpose: string
  readonly serve: (
    admin: Admin,
    call: { readonly text: string; readonly query: URLSearchParams },
    response: ServerResponse,
  ) => void | Promise<void>
}

const ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: ADMIN_PATH,
    purpose: 'this list',
    serve: (_admin, _call, response) =>
      answer(response, 200, { endpoints: ROUTES.map(({ method, path, purpose }) => ({ method, path, purpose })) }),
  },
  {
    method: 'GET',
    path: `${ADMIN_PATH}/people`,
    purpose: 'which telephone numbers belong to whom',
    serve: (_admin, _call, response) => answer(response, 200, PEOPLE),
  },
  {
    method: 'GET',
    path: `${ADMIN_PATH}/faults`,
    purpose: 'every fault set, how often each has happened and still will',
    serve: (admin, _call, response) => answer(response, 200, { faults: admin.faults.list() }),
  },
  {
    method: 'POST',
    path: `${ADMIN_PATH}/faults`,
    purpose:
      'set a fault, or a list of them: {"kind":"server-error|reset|hang|slow|rate-limited|monthly-limit|forbidden|unauthorized|' +
      'malformed", …, "endpoint"?:"template|flexible|token", "to"?:digest or list, "count"?:n, "probability"?:p, "seed"?:n}',
    serve: (admin, call, response) => addFaults(admin.faults, call.text, response),
  },
  {
    method: 'DELETE',
    path: `${ADMIN_PATH}/faults`,
    purpose: 'end all faults',
    serve: (admin, _call, response) => {
      admin.faults.clear()
      answer(response, 200, {})
    },
  },
  {
    method: 'GET',
    path: `${ADMIN_PATH}/log`,
    purpose: 'requests as NDJSON: ?after=<sequence, default 0>&limit=<default 10000>',
    serve: (admin, call, response) => serveLog(admin.log, call.query, response),
  },
  {
    method: 'GET',
    path: `${ADMIN_PATH}/log/count`,
    purpose: 'how many requests the log has counted, keeps and has dropped',
    serve: (admin, _call, response) => answer(response, 200, admin.log.count()),
  },
  {
    method: 'DELETE',
    path: `${ADMIN_PATH}/log`,
    purpose: 'empty the log; sequence numbers go on',
    serve: (admin, _call, response) => {
      admin.log.clear()
      answer(response, 200, {})
    },
  },
  {
    method: 'GET',
    path: `${ADMIN_PATH}/stats`,
    purpose: 'totals by endpoint and status, the busiest second, and 429s by cause',
    serve: (admin, _call, response) => answer(response, 200, admin.stats.report()),
  },
  {
    method: 'DELETE',
    path: `${ADMIN_PATH}/stats`,
    purpose: 'start all figures from zero',
    serve: (admin, _call, response) => {
      admin.stats.clear()
      answer(response, 200, {})
    },
  },
]

const faultList = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text)
    } catch {
      context.addIssue({ code: 'custom', message: 'the body must be JSON' })
      return z.NEVER
    }
  })
  .transform((json) => (Array.isArray(json) ? json : [json]))
  .pipe(z.array(faultSpec).min(1))

const addFaults = (faults: FaultBook, text: string, response: ServerResponse): void => {
  const read = faultList.safeParse(text)
  if (!read.success) {
    return answer(response, 400, {
      message: `no fault was set: ${z.prettifyError(read.error)}\nGET ${ADMIN_PATH} shows the shape`,
    })
  }
  answer(response, 201, { faults: read.data.map((fault) => faults.add(fault)) })
}

const serveLog = async (log: RequestLog, query: URLSearchParams, response: ServerResponse): Promise<void> => {
  const range = logQuery.safeParse(Object.fromEntries(query))
  if (!range.success) return answer(response, 400, { message: z.prettifyError(range.error) })
  response.writeHead(200, { 'content-type': 'application/x-ndjson; charset=utf-8' })
  try {
    await pipeline(Readable.from(inChunks(log.after(range.data.after, range.data.limit))), response)
  } catch (error) {
    // The reader left in the middle; nobody is there to be told.
    if (!response.destroyed) throw error
  }
}

const logQuery = z.strictObject({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).default(10_000),
})

/** Some 100 lines a write: one each would cost more than formatting them. */
function* inChunks(entries: Iterable<LogEntry>): Generator<string, void> {
  let lines: string[] = []
  for (const entry of entries) {
    lines.push(formatLogEntry(entry))
    if (lines.length < 100) continue
    yield lines.join('')
    lines = []
  }
  if (lines.length > 0) yield lines.join('')
}

const answer = (response: ServerResponse, status: number, body: unknown): void => {
  const text = `${JSON.stringify(body, null, 2)}\n`
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}
