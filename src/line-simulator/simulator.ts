import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { systemClock } from '../clock.ts'
import { createAccount } from './account.ts'
import { ADMIN_PATH, type Admin, serveAdmin } from './admin.ts'
import { openAgenda } from './agenda.ts'
import { createAnnouncer } from './announcer.ts'
import { type Body, readBody } from './body.ts'
import { openDeliveries } from './deliveries.ts'
import { openDeliveryStatistics } from './delivery-statistics.ts'
import { type Ending, endingOf, endingUnder } from './ending.ts'
import { endpointOf } from './endpoint.ts'
import { openFaultBook } from './fault-book.ts'
import { type Call, createLine, type Verdict } from './line.ts'
import { openLinkTokens } from './link-tokens.ts'
import { type Settings, type SimulatorOptions, settle } from './options.ts'
import { kindOf } from './people.ts'
import { openPopulation } from './population.ts'
import { openPostman } from './postman.ts'
import type { Reply } from './reply.ts'
import { type LogEntry, openRequestLog } from './request-log.ts'
import { listen } from './server.ts'
import { openStats } from './stats.ts'
import { openTokenDesk } from './token-desk.ts'
import { openWebhookFaultBook } from './webhook-fault-book.ts'
import { openWebhookLog } from './webhook-log.ts'
import { openWebhooks } from './webhooks.ts'

export interface Simulator
  extends Pick<Admin, 'faults' | 'log' | 'stats' | 'deliveries' | 'webhooks' | 'webhookFaults' | 'webhookLog' | 'postman'> {
  /** `http://127.0.0.1:43210`: LINE's base URL, as far as the product is concerned. */
  readonly url: string
  /** Gives the answers that are still delayed, resets the connections that would hang for ever, and frees the port. What is not yet
   *  delivered never is, and webhooks hear no more. */
  stop(): Promise<void>
}

/** A stand-in for LINE's notification message API, as a server of its own: LINE forbids load tests, and has no test environment.
 *  It answers as LINE's documents say, down to the bodies; where they say nothing, the stricter reading holds. What it accepts it
 *  delivers as LINE would (deliveries.ts), and tells webhooks (webhooks.ts). See admin.ts for what it can be asked to get wrong, and
 *  for what it remembers. */
export const startSimulator = async (options: SimulatorOptions = {}): Promise<Simulator> => {
  const settings = settle(options)
  const { clock } = settings
  const { line, account, agenda, ...admin } = assemble(settings)
  const { deliveries, postman } = admin
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
    const call: Call = { method, path, search: (request.url ?? '').slice(path.length), headers, text }
    const exchange = { request, response, requestId, text }
    const endpoint = endpointOf(method, path)
    if (endpoint) return conclude(exchange, line.judge(endpoint, call))
    const rest = { endpoint: 'other', to: null, came: 'nothing', notification: null, atGate: true } as const
    account.ask(call).then((asked) => conclude(exchange, { ...rest, ...asked }), crash)
  }

  const conclude = ({ request, response, requestId, text }: Exchange, verdict: Verdict): void => {
    const drawn = verdict.atGate || verdict.endpoint === 'other' ? undefined : admin.faults.draw(verdict.endpoint, verdict.to)
    const ending = drawn ? endingUnder(drawn.fault, verdict) : endingOf(verdict)
    const facts = { status: statusOf(ending), came: ending.came, requestId, fault: drawn?.id ?? null, body: text }
    const entry = record(request, verdict, facts)
    const before = verdict.notification ? deliveries.accept(verdict.notification, ending.came) : undefined
    const delayMs = settings.latencyMs + ending.delayMs
    if (!before && delayMs === 0 && ending.wire.kind !== 'hang') return putOnWire(ending.wire, requestId, response)

    let timer: NodeJS.Timeout | undefined
    let isOver = false
    const finish = (): void => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      putOnWire(ending.wire, requestId, response)
    }
    const finishLater = (): void => {
      if (ending.wire.kind === 'hang' || isOver) return
      if (delayMs === 0) return finish()
      timer = setTimeout(finish, delayMs)
    }
    response.once('close', () => {
      isOver = true
      clearTimeout(timer)
      if (ending.wire.kind === 'reply' && !response.writableEnded) entry.status = 'abandoned'
    })
    hold(response, finish)
    if (before) before.then(finishLater, crash)
    else finishLater()
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
    stop: async () => {
      isStopping = true
      agenda.close()
      for (const release of held.values()) release()
      await Promise.all([postman.stop(), server.stop()])
    },
  }
}

/** What the simulator is made of. Delays are real time whatever the clock says, so the agenda has a clock of its own. */
const assemble = (settings: Settings) => {
  const { clock } = settings
  const { monotonic } = systemClock
  const tokens = openTokenDesk(settings)
  const population = openPopulation()
  const statistics = openDeliveryStatistics(clock.now)
  const links = openLinkTokens(clock.now)
  const webhooks = openWebhooks(settings)
  const webhookFaults = openWebhookFaultBook()
  const webhookLog = openWebhookLog(settings.maxLogEntries)
  const agenda = openAgenda({ monotonic })
  const postman = openPostman({ ...settings, webhooks, log: webhookLog, agenda, monotonic })
  const announcer = createAnnouncer({ webhooks, faults: webhookFaults, postman, agenda, monotonic, clock })
  const told = { population, statistics, announcer, postman, webhooks, faults: webhookFaults }
  const deliveries = openDeliveries({ ...settings, ...told, agenda, monotonic, wallTime: clock.now })
  return {
    line: createLine(settings, { tokens, population }),
    account: createAccount({ tokens, statistics, webhooks, postman, links, wallTime: clock.now, monotonic: clock.monotonic }),
    agenda,
    faults: openFaultBook(),
    log: openRequestLog(settings.maxLogEntries),
    stats: openStats(),
    ...{ population, deliveries, statistics, announcer, links, webhooks, webhookFaults, webhookLog, postman },
    channels: tokens.channels,
  }
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly requestId: string
  /** The body; null when it was too large. */
  readonly text: string | null
}

type Addressed = Pick<Verdict, 'endpoint' | 'channel' | 'to'>
type RecordedFacts = Pick<LogEntry, 'status' | 'came' | 'requestId' | 'fault' | 'body'>

/** Nothing of this rejects, so it is a defect: not to be passed over in silence. */
const crash = (error: unknown): void => {
  setImmediate(() => {
    throw error
  })
}

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
  ...(!reply.isForeign && { 'x-line-request-id': requestId }),
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
