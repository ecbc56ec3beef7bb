import { randomBytes } from 'node:crypto'
import type { Settings } from './options.ts'
import { type Reply, refuseToken, unauthenticated } from './reply.ts'

export interface Issued {
  readonly channel: string | null
  readonly reply: Reply
}

export type Bearer = { readonly ok: true; readonly channel: string } | { readonly ok: false; readonly reply: Reply }

export interface TokenDesk {
  /** `POST /oauth2/v3/token`: a stateless token for a channel's id and secret. */
  issue(contentType: string, form: string): Issued
  /** Which channel an `Authorization` header speaks for, if any. */
  bearer(authorization: string | undefined): Bearer
  /** Those it was told of, and those that have got a token since. */
  readonly channels: ReadonlySet<string>
}

type DeskSettings = Pick<Settings, 'channels' | 'longLivedTokens' | 'tokenLifeSeconds' | 'clock'>

export const openTokenDesk = ({ channels, longLivedTokens, tokenLifeSeconds, clock }: DeskSettings): TokenDesk => {
  const lifeMs = tokenLifeSeconds * 1000
  const known = new Set([...(channels === 'any' ? [] : channels), ...longLivedTokens].map(({ clientId }) => clientId))
  const longLived = new Map(longLivedTokens.map(({ token, clientId }) => [token, clientId]))
  // All lives are equal, so the order of issue is the order of expiry.
  const issued = new Map<string, { readonly channel: string; readonly expiresAt: number }>()

  /** An expired token is remembered for one more life, so that the 401 can say why; then it is as unknown as any other. */
  const forgetLongExpired = (now: number): void => {
    for (const [token, { expiresAt }] of issued) {
      if (expiresAt + lifeMs > now) return
      issued.delete(token)
    }
  }

  return {
    channels: known,
    issue: (contentType, form) => {
      const now = clock.now()
      forgetLongExpired(now)
      if (!contentType.startsWith('application/x-www-form-urlencoded')) {
        return denied('invalid_request', 'the body must be application/x-www-form-urlencoded')
      }
      const fields = new URLSearchParams(form)
      if (fields.get('grant_type') !== 'client_credentials') {
        return denied('unsupported_grant_type', "grant_type must be 'client_credentials'")
      }
      if (fields.has('client_assertion')) {
        return denied('invalid_request', 'the simulator checks no JWT assertions: send client_id and client_secret')
      }
      const clientId = fields.get('client_id')
      const clientSecret = fields.get('client_secret')
      const isKnown =
        channels === 'any' || channels.some((channel) => channel.clientId === clientId && channel.clientSecret === clientSecret)
      if (!clientId || !clientSecret || !isKnown) return denied('invalid_request', "Invalid 'client_credentials'.")

      const token = `ey${randomBytes(96).toString('base64url')}`
      known.add(clientId)
      issued.set(token, { channel: clientId, expiresAt: now + lifeMs })
      const body = JSON.stringify({ token_type: 'Bearer', access_token: token, expires_in: tokenLifeSeconds })
      return { channel: clientId, reply: { status: 200, body, headers: { 'cache-control': 'no-store' } } }
    },

    bearer: (authorization) => {
      const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1]
      if (token === undefined) return { ok: false, reply: NO_BEARER }
      const forever = longLived.get(token)
      if (forever !== undefined) return { ok: true, channel: forever }
      const found = issued.get(token)
      if (!found) return { ok: false, reply: INVALID }
      if (found.expiresAt <= clock.now()) return { ok: false, reply: EXPIRED }
      return { ok: true, channel: found.channel }
    },
  }
}

const denied = (error: string, description: string): Issued => ({ channel: null, reply: refuseToken(400, error, description) })

const CONFIRM = 'Confirm that the access token in the authorization header is valid.'
const INVALID = unauthenticated(`invalid token. ${CONFIRM}`)
const EXPIRED = unauthenticated(`The access token expired. ${CONFIRM}`)
const NO_BEARER = unauthenticated("Authorization header required. Must follow the scheme, 'Authorization: Bearer <ACCESS TOKEN>'")
