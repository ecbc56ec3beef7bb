import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ADMIN_PATH, type Admin, serveAdmin } from './admin.ts'
import { type Body, readBody } from './body.ts'
import { type Ending, endingOf, endingUnder } from './ending.ts'
import { endpointOf } from './endpoint.ts'
import { type FaultBook, openFaultBook } from './fault-book.ts'
import { createLine, type Verdict } from './line.ts'
import { type SimulatorOptions, settle } from './options.ts'
import { kindOf } from './people.ts'
import type { Reply } from './reply.ts'
import { type LogEntry, openRequestLog, type RequestLog } from './request-log.ts'
import { listen } from './server.ts'
import { openStats, type Stats } from './stats.ts'

export interface Simulator {
  /** `http://127.0.0.1:43210`: LINE's base URL, as far as the product is concerned. */
  readonly url: string
  readonly faults: FaultBook
  readonly log: RequestLog
  readonly stats: Stats
  /** Gives the answers that are still delayed, resets the connections that would hang for ever, and frees the port. */
  stop(): Promise<void>
}

/** A stand-in for LINE's notification message API, as a server of its own: LINE forbids load tests, and has no test environment.
 *  It answers as LINE's documents say, down to the bodies; where they say nothing, the stricter reading holds. It sends no webhooks.
 *  See admin.ts for what it can be asked to get wrong, and for what it remembers. */
export const startSimulator = async (options: SimulatorOptions = {}): Promise<Simulator> => {
  const settings = settle(options)
  const { clock } = settings
  const line = createLine(settings)
  const admin: Admin = { faults: openFaultBook(), log: openRequestLog(settings.maxLogEntries), stats: openStats() }
  // So that the first request does not pay for the lookup.
  kindOf('')

  /** Answers not yet given, and what gives them at once when the simulator stops. */
  const held = new Map<ServerResponse, () => void>()
  let isStopping = false
  const hold = (response: ServerResponse, release: () => void): void => {
    if (isStopping) return release()
    held.set(response, release)
    response.once('close', () => held.delete(response))
  }

  const record = (request: IncomingMessage, verdict: Addressed, facts: RecordedFacts): LogEntry => {
    const { headers } = request
    const at = clock.monotonic()
    admin.stats.count({ endpoint: verdict.endpoint, status: facts.status, came: facts.came, injected: facts.fault !== null, at })
    return admin.log.append({
      receivedAt: clock.now(),
      monotonicNs: Math.round(at * 1e6),
      method: request.method ?? '',
      path: pathOf(request),
      endpoint: verdict.endpoint,
      channel: verdict.channel,
      to: verdict.to,
      deliveryTag: headers['x-line-delivery-tag']?.toString() ?? null,
      status: facts.status,
      came: facts.came,
      requestId: facts.requestId,
      fault: facts.fault,
      forbiddenHeaders: 'x-line-retry-key' in headers ? ['x-line-retry-key'] : [],
      body: settings.logBodies && verdict.endpoint !== 'token' ? facts.body : null,
    })
  }

  const answer = (request: IncomingMessage, response: ServerResponse, body: Body): void => {
    const requestId = randomUUID()
    const { method = '', headers } = request
    const path = pathOf(request)
    if (body.kind === 'incomplete') {
      const facts = { status: 'incomplete', came: 'nothing', requestId, fault: null, body: null } as const
      record(request, { endpoint: endpointOf(method, path) ?? 'other', channel: null, to: null }, facts)
      return
    }
    const text = body.kind === 'whole' ? body.text : null
    const verdict = line.judge({ method, path, headers, text })
    const drawn = verdict.atGate || verdict.endpoint === 'other' ? undefined : admin.faults.draw(verdict.endpoint, verdict.to)
    const ending = drawn ? endingUnder(drawn.fault, verdict) : endingOf(verdict)
    const facts = { status: statusOf(ending), came: ending.came, requestId, fault: drawn?.id ?? null, body: text }
    const entry = record(request, verdict, facts)
    const finish = (): void => putOnWire(ending.wire, requestId, response)
    const delayMs = settings.latencyMs + ending.delayMs
    if (ending.wire.kind === 'hang') return hold(response, finish)
    if (delayMs === 0) return finish()
    const timer = setTimeout(finish, delayMs)
    hold(response, () => {
      clearTimeout(timer)
      finish()
    })
    response.once('close', () => {
      clearTimeout(timer)
      if (ending.wire.kind === 'reply' && !response.writableEnded) entry.status = 'abandoned'
    })
  }

  const server = await listen(settings, (request, response) => {
    readBody(request, (body) => {
      const path = pathOf(request)
      if (path !== ADMIN_PATH && !path.startsWith(`${ADMIN_PATH}/`)) return answer(request, response, body)
      if (body.kind === 'incomplete') return
      const call = { method: request.method ?? '', url: request.url ?? '', text: body.kind === 'whole' ? body.text : '' }
      serveAdmin(admin, call, response)
    })
  })
  return {
    url: server.url,
    ...admin,
    stop: () => {
      isStopping = true
      for (const release of held.values()) release()
      return server.stop()
    },
  }
}

type Addressed = Pick<Verdict, 'endpoint' | 'channel' | 'to'>
type RecordedFacts = Pick<LogEntry, 'status' | 'came' | 'requestId' | 'fault' | 'body'>

const putOnWire = (wire: Ending['wire'], requestId: string, response: ServerResponse): void => {
  switch (wire.kind) {
    case 'reply':
      return write(wire.reply, requestId, response)
    case 'cut':
      return cut(wire.reply, requestId, response)
    case 'reset':
    case 'hang':
      response.socket?.resetAndDestroy()
  }
}

const write = (reply: Reply, requestId: string, response: ServerResponse): void => {
  response.writeHead(reply.status, headersOf(reply, requestId))
  response.end(reply.body)
}

const cut = (reply: Reply, requestId: string, response: ServerResponse): void => {
  response.writeHead(reply.status, headersOf(reply, requestId))
  const half = reply.body.slice(0, Math.ceil(reply.body.length / 2))
  // A reset right away would overtake what is still to be written.
  response.write(half, () => response.socket?.resetAndDestroy())
}

const headersOf = (reply: Reply, requestId: string): Record<string, string | number> => ({
  'content-type': reply.contentType ?? 'application/json',
  'content-length': Buffer.byteLength(reply.body),
  'x-line-request-id': requestId,
  ...reply.headers,
})

const statusOf = ({ wire }: Ending): LogEntry['status'] => {
  if (wire.kind === 'reply') return wire.reply.status
  return wire.kind === 'hang' ? 'hang' : 'reset'
}

const pathOf = (request: IncomingMessage): string => {
  const url = request.url ?? '/'
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}
