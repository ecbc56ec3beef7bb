import { z } from 'zod'
import { ADMIN_PATH, type AdminRoute, answer, listOf, readBody, serveRing } from './admin-route.ts'
import { webhookFaultSpec } from './webhook-fault.ts'
import { WebhookError, webhookSpec } from './webhooks.ts'

const WEBHOOKS = `${ADMIN_PATH}/webhooks`

/** Where events go, what goes wrong on the way, and what became of them. */
export const WEBHOOK_ROUTES: readonly AdminRoute[] = [
  {
    method: 'GET',
    path: WEBHOOKS,
    purpose: 'where the events of each channel are sent, and statistics of the requests: failures by LINE’s reasons',
    serve: ({ webhooks, postman }, _call, response) => {
      answer(response, 200, { webhooks: webhooks.list(), waiting: postman.waiting(), stats: postman.stats() })
    },
  },
  {
    method: 'POST',
    path: WEBHOOKS,
    purpose:
      'send events to {"url":…, "channel"?:id, default every channel without its own, "secret"?:default the channel’s, ' +
      '"destination"?:"U…", "redeliver"?:true, "mode"?:"standby"}; replaces the one before',
    serve: ({ webhooks }, call, response) => {
      const spec = readBody(webhookSpec, call.text, response, 'no webhook was set')
      if (!spec) return
      try {
        answer(response, 201, webhooks.set(spec))
      } catch (error) {
        if (!(error instanceof WebhookError)) throw error
        answer(response, 400, { message: error.message })
      }
    },
  },
  {
    method: 'DELETE',
    path: WEBHOOKS,
    purpose: 'send no events any more: ?channel=<id>, default all webhooks. What waits is given up',
    serve: ({ webhooks }, { query }, response) => {
      webhooks.remove(query.get('channel') ?? undefined)
      answer(response, 200, {})
    },
  },
  {
    method: 'POST',
    path: `${WEBHOOKS}/check`,
    purpose: 'send an empty list of events, as LINE’s console does, and tell the outcome: {"channel"?:id}',
    serve: async ({ webhooks, postman, channels }, call, response) => {
      const failure = 'nothing was sent'
      const body = readBody(z.strictObject({ channel: z.string().optional() }), call.text, response, failure)
      if (!body) return
      const channel = body.channel ?? onlyOf([...channels])
      const webhook = channel === undefined ? undefined : webhooks.of(channel)
      if (!webhook)
        return answer(response, 400, { message: `${failure}: say whose webhook, "channel"; GET ${WEBHOOKS} lists them` })
      answer(response, 200, await postman.check(webhook))
    },
  },
  {
    method: 'DELETE',
    path: `${WEBHOOKS}/stats`,
    purpose: 'start the statistics of webhook requests from zero',
    serve: ({ postman }, _call, response) => {
      postman.clearStats()
      answer(response, 200, {})
    },
  },
  {
    method: 'GET',
    path: `${WEBHOOKS}/faults`,
    purpose: 'every webhook fault set, how often each has happened and still will',
    serve: ({ webhookFaults }, _call, response) => answer(response, 200, { faults: webhookFaults.list() }),
  },
  {
    method: 'POST',
    path: `${WEBHOOKS}/faults`,
    purpose:
      'set a webhook fault, or a list of them: {"kind":"late|early|lost|duplicated|redelivered|reordered|forged-signature|' +
      'reserialised|oversized|slow-body|unknown-type|extra-properties", "ms"?:n, "bytes"?:n, ' +
      '"signature"?:"other-secret|malformed|missing", "event"?:"delivery|follow|unfollow|accountLink", "channel"?:id, ' +
      '"tag"?:delivery tag or list, "to"?:digest or list, "count"?:n, "probability"?:p, "seed"?:n}',
    serve: ({ webhookFaults }, call, response) => {
      const faults = readBody(listOf(webhookFaultSpec), call.text, response, 'no fault was set')
      if (faults) answer(response, 201, { faults: faults.map((fault) => webhookFaults.add(fault)) })
    },
  },
  {
    method: 'DELETE',
    path: `${WEBHOOKS}/faults`,
    purpose: 'end all webhook faults',
    serve: ({ webhookFaults }, _call, response) => {
      webhookFaults.clear()
      answer(response, 200, {})
    },
  },
  {
    method: 'GET',
    path: `${WEBHOOKS}/log`,
    purpose: 'requests to webhooks as NDJSON, with events and outcome: ?after=<sequence, default 0>&limit=<default 10000>',
    serve: ({ webhookLog }, { query }, response) =>
      serveRing(webhookLog, (entry) => `${JSON.stringify(entry)}\n`, query, response),
  },
  {
    method: 'DELETE',
    path: `${WEBHOOKS}/log`,
    purpose: 'empty that log; sequence numbers go on',
    serve: ({ webhookLog }, _call, response) => {
      webhookLog.clear()
      answer(response, 200, {})
    },
  },
]

/** The one of a list that has no other. */
export const onlyOf = (list: readonly string[]): string | undefined => (list.length === 1 ? list[0] : undefined)
