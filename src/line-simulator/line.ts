import type { IncomingHttpHeaders } from 'node:http'
import type { Notification } from './deliveries.ts'
import type { Endpoint } from './endpoint.ts'
import { refuseFlexible } from './flexible-rules.ts'
import { isObject, type JsonObject, parseJson } from './json.ts'
import type { Settings } from './options.ts'
import type { Came } from './people.ts'
import type { Population } from './population.ts'
import { createRateLimit } from './rate-limit.ts'
import { FAILED_TO_SEND, ok, RATE_LIMITED, type Reply, refuse, TOO_LARGE } from './reply.ts'
import { refuseTemplate } from './template-rules.ts'
import type { TokenDesk } from './token-desk.ts'

/** A request as received. `text` is null when the body was over LINE's 2 MB. */
export interface Call {
  readonly method: string
  readonly path: string
  /** The query, with its question mark, or nothing. */
  readonly search: string
  readonly headers: IncomingHttpHeaders
  readonly text: string | null
}

/** What LINE makes of a call when nothing goes wrong on its side. */
export interface Verdict {
  readonly endpoint: Endpoint | 'other'
  readonly channel: string | null
  readonly to: string | null
  readonly reply: Reply
  readonly came: Came
  /** What LINE has accepted, if it has, and if the person may get it. */
  readonly notification: Notification | null
  /** Refused at the gate (wrong path, no valid token, bucket empty): faults are for the calls that get further. */
  readonly atGate: boolean
}

export interface Line {
  /** Takes a token of the rate limit, may issue a channel access token, and is otherwise a function of the call. */
  judge(endpoint: Endpoint, call: Call): Verdict
}

export interface LineParts {
  readonly tokens: TokenDesk
  readonly population: Population
}

/** LINE's endpoints that send, and the one that issues tokens. */
export const createLine = (settings: Settings, { tokens, population }: LineParts): Line => {
  const { catalogue, clock } = settings
  const limit = createRateLimit({ perSecond: settings.rateLimit, burst: settings.rateBurst })

  const judgeToken = (call: Call): Verdict => {
    const { channel, reply } = tokens.issue(call.headers['content-type'] ?? '', call.text ?? '')
    return { endpoint: 'token', channel, to: null, reply, came: 'nothing', notification: null, atGate: false }
  }

  const judgePush = (endpoint: 'template' | 'flexible', call: Call): Verdict => {
    const read = readBody(call.text)
    const to = typeof read.fields.to === 'string' ? read.fields.to : null
    const refused = (reply: Reply, channel: string | null, atGate: boolean): Verdict => {
      return { endpoint, channel, to, reply, came: 'nothing', notification: null, atGate }
    }
    const bearer = tokens.bearer(call.headers.authorization)
    if (!bearer.ok) return refused(bearer.reply, null, true)
    const { channel } = bearer
    if (!limit.take(channel, endpoint, clock.monotonic())) return refused(RATE_LIMITED, channel, true)

    const refusal =
      refuseHeaders(call) ??
      read.refusal ??
      (endpoint === 'template' ? refuseTemplate(read.fields, catalogue) : refuseFlexible(read.fields))
    if (refusal) return refused(refusal, channel, false)

    const { accepted, came } = population.reception(channel, to ?? '')
    if (to === null || !accepted) return refused(FAILED_TO_SEND, channel, false)
    const tag = call.headers[TAG_HEADER]?.toString() ?? null
    const notification = came === 'nothing' ? null : { channel, endpoint, to, tag, unit: unitOf(read.fields) }
    return { endpoint, channel, to, reply: endpoint === 'template' ? ok(202) : ok(200), came, notification, atGate: false }
  }

  return { judge: (endpoint, call) => (endpoint === 'token' ? judgeToken(call) : judgePush(endpoint, call)) }
}

const TAG_HEADER = 'x-line-delivery-tag'

const unitOf = ({ customAggregationUnits: units }: JsonObject): string | null => {
  const unit: unknown = Array.isArray(units) ? units[0] : null
  return typeof unit === 'string' ? unit : null
}

const readBody = (text: string | null): { fields: JsonObject; refusal: Reply | undefined } => {
  if (text === null) return { fields: {}, refusal: TOO_LARGE }
  const parsed = parseJson(text)
  if (!parsed.ok) return { fields: {}, refusal: parsed.reply }
  if (isObject(parsed.value)) return { fields: parsed.value, refusal: undefined }
  return { fields: {}, refusal: refuse(400, 'The request body could not be parsed as JSON (line: 1, column: 1)') }
}

const refuseHeaders = ({ headers }: Call): Reply | undefined => {
  const contentType = headers['content-type'] ?? ''
  if (!/^application\/json\s*(;|$)/i.test(contentType)) return refuse(415, `The content type, ${contentType}, is not supported`)
  // LINE rejects a retry key wherever it does not support one, and says so without printing the body.
  if (headers['x-line-retry-key'] !== undefined) {
    return refuse(400, "The 'X-Line-Retry-Key' header is not supported by this endpoint")
  }
  const tag = headers[TAG_HEADER]
  if (tag !== undefined && (tag.length < 16 || tag.length > 100)) {
    return refuse(400, "The value for the 'X-Line-Delivery-Tag' header is invalid")
  }
  return undefined
}
