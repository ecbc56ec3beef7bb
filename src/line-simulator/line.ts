import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { type Endpoint, endpointOf } from './endpoint.ts'
import { refuseFlexible } from './flexible-rules.ts'
import { isObject, type JsonObject, parseJson } from './json.ts'
import type { Settings } from './options.ts'
import { type Came, kindOf, PEOPLE } from './people.ts'
import { createRateLimit } from './rate-limit.ts'
import { FAILED_TO_SEND, NOT_FOUND, ok, RATE_LIMITED, type Reply, refuse, TOO_LARGE } from './reply.ts'
import { refuseTemplate } from './template-rules.ts'
import { openTokenDesk } from './token-desk.ts'

/** A request as received. `text` is null when the body was over LINE's 2 MB. */
export interface Call {
  readonly method: string
  readonly path: string
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
  /** Refused at the gate (wrong path, no valid token, bucket empty): faults are for the calls that get further. */
  readonly atGate: boolean
}

export interface Line {
  /** Takes a token of the rate limit, may issue a channel access token, and is otherwise a function of the call. */
  judge(call: Call): Verdict
}

export const createLine = (settings: Settings): Line => {
  const { catalogue, clock } = settings
  const tokens = openTokenDesk(settings)
  const limit = createRateLimit({ perSecond: settings.rateLimit, burst: settings.rateBurst })

  const judgeToken = (call: Call): Verdict => {
    const { channel, reply } = tokens.issue(call.headers['content-type'] ?? '', call.text ?? '')
    return { endpoint: 'token', channel, to: null, reply, came: 'nothing', atGate: false }
  }

  const judgePush = (endpoint: 'template' | 'flexible', call: Call): Verdict => {
    const read = readBody(call.text)
    const to = typeof read.fields.to === 'string' ? read.fields.to : null
    const refused = (reply: Reply, channel: string | null, atGate: boolean): Verdict => {
      return { endpoint, channel, to, reply, came: 'nothing', atGate }
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

    const person = PEOPLE[kindOf(to ?? '')]
    if (!person.accepted) return refused(FAILED_TO_SEND, channel, false)
    return { endpoint, channel, to, reply: endpoint === 'template' ? ok(202) : ok(200), came: person.came, atGate: false }
  }

  /** Whose token it is. Not one of the endpoints that send: it meets no fault and no limit. */
  const judgeInfo = (call: Call): Verdict => {
    const bearer = tokens.bearer(call.headers.authorization)
    const channel = bearer.ok ? bearer.channel : null
    const reply = bearer.ok ? botInfo(bearer.channel) : bearer.reply
    return { endpoint: 'other', channel, to: null, reply, came: 'nothing', atGate: true }
  }

  return {
    judge: (call) => {
      const endpoint = endpointOf(call.method, call.path)
      if (endpoint === 'token') return judgeToken(call)
      if (endpoint) return judgePush(endpoint, call)
      if (call.method === 'GET' && call.path === BOT_INFO) return judgeInfo(call)
      return { endpoint: 'other', channel: null, to: null, reply: NOT_FOUND, came: 'nothing', atGate: true }
    },
  }
}

const BOT_INFO = '/v2/bot/info'

const botInfo = (channel: string): Reply => ({
  status: 200,
  body: JSON.stringify({
    userId: `U${createHash('sha256').update(channel).digest('hex').slice(0, 32)}`,
    basicId: '@simulator',
    displayName: 'LINE simulator',
    chatMode: 'bot',
    markAsReadMode: 'auto',
  }),
})

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
  const tag = headers['x-line-delivery-tag']
  if (tag !== undefined && (tag.length < 16 || tag.length > 100)) {
    return refuse(400, "The value for the 'X-Line-Delivery-Tag' header is invalid")
  }
  return undefined
}
