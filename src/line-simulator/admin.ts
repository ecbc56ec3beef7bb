/* The API for whoever runs a test; LINE has nothing like it. Its requests are neither logged nor counted, and meet no fault.
 *
 *   GET    /_simulator                        this list, with what each is for
 *   GET    /_simulator/faults                 the faults set, how often each has happened and still will
 *   POST   /_simulator/faults                 set one, or a list of them (fault.ts)
 *   DELETE /_simulator/faults                 end all
 *   GET    /_simulator/log                    NDJSON, ?after=<sequence>&limit=<n> (LogEntry in request-log.ts)
 *   GET    /_simulator/log/count              how many it has counted, keeps, and has dropped
 *   DELETE /_simulator/log                    empty it
 *   GET    /_simulator/stats                  totals, busiest second, 429s by cause (EndpointStats in stats.ts)
 *   DELETE /_simulator/stats                  from zero
 *
 * and of people and their messages (admin-people.ts)
 *
 *   GET    /_simulator/people                 which telephone numbers belong to whom (people.ts)
 *   DELETE /_simulator/people                 everybody as at the start
 *   POST   /_simulator/people/consent         somebody decides: what is held for them is delivered, or deleted
 *   POST   /_simulator/people/authentication  somebody confirms their number by SMS, or takes another
 *   POST   /_simulator/friends/follow         somebody adds or unblocks the account
 *   POST   /_simulator/friends/unfollow       somebody blocks the account
 *   POST   /_simulator/friends/account-link   somebody has come back from the account link dialog
 *   GET    /_simulator/deliveries             what became of accepted notifications (DeliveriesReport in deliveries.ts)
 *   POST   /_simulator/statistics/ready       a day of LINE's delivery statistics is aggregated, or not yet
 *
 * and of webhooks (admin-webhooks.ts)
 *
 *   GET    /_simulator/webhooks               where events are sent, and what became of them (WebhookStats in postman.ts)
 *   POST   /_simulator/webhooks               send a channel's events somewhere (webhookSpec in webhooks.ts)
 *   DELETE /_simulator/webhooks               ?channel=<id>, or all
 *   POST   /_simulator/webhooks/check         send an empty list of events
 *   DELETE /_simulator/webhooks/stats         from zero
 *   GET    /_simulator/webhooks/faults        as above, for events (webhook-fault.ts)
 *   POST   /_simulator/webhooks/faults
 *   DELETE /_simulator/webhooks/faults
 *   GET    /_simulator/webhooks/log           NDJSON as above (WebhookLogEntry in webhook-log.ts)
 *   DELETE /_simulator/webhooks/log
 *
 *   curl localhost:8081/_simulator/faults -d '{"kind":"reset","recorded":true,"endpoint":"template","count":3}'
 *   curl localhost:8081/_simulator/webhooks -d '{"url":"http://localhost:3000/line","secret":"s3cret"}'
 */
import type { ServerResponse } from 'node:http'
import { PEOPLE_ROUTES } from './admin-people.ts'
import { ADMIN_PATH, type AdminRoute, answer, listOf, readBody, serveRing } from './admin-route.ts'
import { WEBHOOK_ROUTES } from './admin-webhooks.ts'
import type { Announcer } from './announcer.ts'
import type { Deliveries } from './deliveries.ts'
import type { DeliveryStatistics } from './delivery-statistics.ts'
import { faultSpec } from './fault.ts'
import type { FaultBook } from './fault-book.ts'
import type { LinkTokens } from './link-tokens.ts'
import type { Population } from './population.ts'
import type { Postman } from './postman.ts'
import { formatLogEntry, type RequestLog } from './request-log.ts'
import type { Stats } from './stats.ts'
import type { WebhookFaultBook } from './webhook-fault-book.ts'
import type { WebhookLog } from './webhook-log.ts'
import type { Webhooks } from './webhooks.ts'

/** What the admin API shows and changes. */
export interface Admin {
  readonly faults: FaultBook
  readonly log: RequestLog
  readonly stats: Stats
  readonly population: Population
  readonly deliveries: Deliveries
  readonly statistics: DeliveryStatistics
  readonly announcer: Announcer
  readonly links: LinkTokens
  readonly webhooks: Webhooks
  readonly webhookFaults: WebhookFaultBook
  readonly webhookLog: WebhookLog
  readonly postman: Postman
  /** Channels named when the simulator was started, and those that have got a token since. */
  readonly channels: ReadonlySet<string>
}

export interface AdminCall {
  readonly method: string
  /** Path and query, beginning with `/_simulator`. */
  readonly url: string
  readonly text: string
}

export { ADMIN_PATH }

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

const ROUTES: readonly AdminRoute[] = [
  {
    method: 'GET',
    path: ADMIN_PATH,
    purpose: 'this list',
    serve: (_admin, _call, response) =>
      answer(response, 200, { endpoints: ROUTES.map(({ method, path, purpose }) => ({ method, path, purpose })) }),
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
    serve: (admin, call, response) => {
      const faults = readBody(listOf(faultSpec), call.text, response, 'no fault was set')
      if (faults) answer(response, 201, { faults: faults.map((fault) => admin.faults.add(fault)) })
    },
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
    serve: (admin, call, response) => serveRing(admin.log, formatLogEntry, call.query, response),
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
  ...PEOPLE_ROUTES,
  ...WEBHOOK_ROUTES,
]
