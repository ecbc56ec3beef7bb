import type { DeliveryStatistics } from './delivery-statistics.ts'
import { parseDay } from './japan-day.ts'
import { isObject, parseJson } from './json.ts'
import type { Call } from './line.ts'
import type { LinkTokens } from './link-tokens.ts'
import type { Postman } from './postman.ts'
import { createRateLimit } from './rate-limit.ts'
import { NOT_FOUND, ok, RATE_LIMITED, type Reply, refuse } from './reply.ts'
import type { TokenDesk } from './token-desk.ts'
import type { Posted } from './webhook-post.ts'
import type { Webhooks } from './webhooks.ts'

export interface Asked {
  /** Null without a valid token. */
  readonly channel: string | null
  readonly reply: Reply
}

/** LINE's endpoints that send nothing: who the bot is, what was delivered, and its webhook. They meet no faults, and but for the test
 *  of the webhook no limit. */
export interface Account {
  ask(call: Call): Promise<Asked>
}

export interface AccountOptions {
  readonly tokens: TokenDesk
  readonly statistics: DeliveryStatistics
  readonly webhooks: Webhooks
  readonly postman: Postman
  readonly links: LinkTokens
  readonly wallTime: () => number
  readonly monotonic: () => number
}

interface Question {
  readonly channel: string
  readonly query: URLSearchParams
  readonly text: string
  /** What the path has in the place of `*`. */
  readonly name: string
}

export const createAccount = (options: AccountOptions): Account => {
  const { tokens, statistics, webhooks, postman, links, wallTime, monotonic } = options
  const tests = createRateLimit({ perSecond: 60 / 3600, burst: 60 })

  const day = (endpoint: 'template' | 'flexible', { channel, query }: Question): Reply => {
    const found = statistics.day(channel, endpoint, query.get('date') ?? '')
    return found ? json(found) : refuse(400, "The value for the 'date' parameter is invalid")
  }

  /** Everybody opens what they get, and taps nothing. Below 20 LINE keeps the figure to itself. */
  const ofUnit = ({ channel, query }: Question): Reply => {
    const [from, to] = [parseDay(query.get('from') ?? ''), parseDay(query.get('to') ?? '')]
    const unit = query.get('customAggregationUnit') ?? ''
    if (!/^[A-Za-z0-9_]{1,30}$/.test(unit)) return invalid('customAggregationUnit')
    if (from === undefined) return invalid('from')
    if (to === undefined || to < from || to > from + 30) return invalid('to')
    const sum = statistics.ofUnit(channel, unit, { from, to })
    const opened = sum < 20 ? null : sum
    const overview = { uniqueImpression: opened, uniqueClick: null, uniqueMediaPlayed: null, uniqueMediaPlayed100Percent: null }
    return json({ overview, messages: sum === 0 ? [] : [{ seq: 1, impression: opened }], clicks: [] })
  }

  const unitNames = ({ channel, query }: Question): Reply => {
    const [limit, start] = [Number(query.get('limit') ?? 100), Number(query.get('start') ?? 0)]
    if (!Number.isInteger(limit) || limit < 1 || limit > 100) return invalid('limit')
    if (!Number.isInteger(start) || start < 0) return invalid('start')
    const names = statistics.units(channel)
    const next = start + limit < names.length ? { next: String(start + limit) } : {}
    return json({ customAggregationUnits: names.slice(start, start + limit), ...next })
  }

  const testWebhook = async ({ channel, text }: Question): Promise<Reply> => {
    if (!tests.take(channel, 'test', monotonic())) return RATE_LIMITED
    const parsed = parseJson(text.trim() === '' ? '{}' : text)
    if (!parsed.ok) return parsed.reply
    const named = isObject(parsed.value) ? parsed.value.endpoint : undefined
    if (named !== undefined && !isWebhookUrl(named)) return refuse(400, 'Invalid webhook endpoint URL')
    const secret = webhooks.secretOf(channel)
    const url = named ?? webhooks.of(channel)?.url
    if (url === undefined || secret === undefined) return refuse(404, 'Webhook endpoint not found')
    const posted = await postman.check({ url, secret, destination: webhooks.destinationOf(channel) })
    return json(testResult(posted, wallTime()))
  }

  const routes: Readonly<Record<string, (question: Question) => Reply | Promise<Reply>>> = {
    'GET /v2/bot/info': ({ channel }) => json(botInfo(webhooks.destinationOf(channel))),
    'GET /v2/bot/message/delivery/pnp': (question) => day('flexible', question),
    'GET /v2/bot/message/delivery/pnp/templated': (question) => day('template', question),
    'GET /v2/bot/message/aggregation/info': ({ channel }) =>
      json({ numOfCustomAggregationUnits: statistics.units(channel).length }),
    'GET /v2/bot/message/aggregation/list': unitNames,
    'GET /v2/bot/insight/message/event/aggregation': ofUnit,
    'GET /v2/bot/channel/webhook/endpoint': ({ channel }) => {
      const webhook = webhooks.of(channel)
      return webhook ? json({ endpoint: webhook.url, active: true }) : refuse(404, 'Webhook endpoint not found')
    },
    'POST /v2/bot/channel/webhook/test': testWebhook,
    'POST /v2/bot/user/*/linkToken': ({ channel, name }) => json({ linkToken: links.issue(channel, name) }),
  }

  return {
    ask: async ({ method, path, search, headers, text }) => {
      const name = USER_PATH.exec(path)?.[1] ?? ''
      const route = `${method} ${name === '' ? path : path.replace(name, '*')}`
      const answer = Object.hasOwn(routes, route) ? routes[route] : undefined
      if (!answer) return { channel: null, reply: NOT_FOUND }
      const bearer = tokens.bearer(headers.authorization)
      if (!bearer.ok) return { channel: null, reply: bearer.reply }
      const { channel } = bearer
      return { channel, reply: await answer({ channel, query: new URLSearchParams(search), text: text ?? '', name }) }
    },
  }
}

const USER_PATH = /^\/v2\/bot\/user\/(U[0-9a-f]{32})\//

const json = (body: unknown): Reply => ({ ...ok(200), body: JSON.stringify(body) })

const invalid = (parameter: string): Reply => refuse(400, `The value for the '${parameter}' parameter is invalid`)

const botInfo = (userId: string): object => ({
  userId,
  basicId: '@simulator',
  displayName: 'LINE simulator',
  chatMode: 'bot',
  markAsReadMode: 'auto',
})

const isWebhookUrl = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= 500 && /^https?:/.test(value) && URL.canParse(value)

/** LINE's words for its reasons are those of its statistics in capitals. */
const testResult = (posted: Posted, now: number): object => ({
  success: posted.kind === 'answered',
  timestamp: new Date(now).toISOString(),
  statusCode: posted.status ?? 0,
  reason: posted.kind === 'answered' ? 'OK' : posted.kind.toUpperCase(),
  detail: posted.kind === 'answered' ? String(posted.status) : posted.detail,
})
