import type { Fault } from './fault.ts'
import type { Verdict } from './line.ts'
import type { Came } from './people.ts'
import { FORBIDDEN, INTERNAL_ERROR, MONTHLY_LIMIT, RATE_LIMITED, type Reply, refuseToken, unauthenticated } from './reply.ts'

/** How an exchange ends on the wire, and what the person sees of it. */
export interface Ending {
  readonly wire:
    | { readonly kind: 'reply'; readonly reply: Reply }
    | { readonly kind: 'reset' }
    | { readonly kind: 'hang' }
    /** The headers and half of the body, then a reset. */
    | { readonly kind: 'cut'; readonly reply: Reply }
  readonly came: Came
  readonly delayMs: number
}

/** Without a fault, the verdict is how it ends. */
export const endingOf = ({ reply, came }: Verdict): Ending => ({ wire: { kind: 'reply', reply }, came, delayMs: 0 })

export const endingUnder = (fault: Fault, verdict: Verdict): Ending => {
  const came = 'recorded' in fault && fault.recorded ? verdict.came : 'nothing'
  const answer = (reply: Reply): Ending => ({ wire: { kind: 'reply', reply }, came, delayMs: 0 })
  switch (fault.kind) {
    case 'server-error':
      return answer({ ...INTERNAL_ERROR, status: fault.status })
    case 'reset':
    case 'hang':
      return { wire: { kind: fault.kind }, came, delayMs: 0 }
    case 'slow':
      return { ...endingOf(verdict), delayMs: fault.ms }
    case 'rate-limited': {
      if (fault.retryAfterSeconds === undefined) return answer(RATE_LIMITED)
      return answer({ ...RATE_LIMITED, headers: { 'retry-after': String(fault.retryAfterSeconds) } })
    }
    case 'monthly-limit':
      return answer(MONTHLY_LIMIT)
    case 'forbidden':
      return answer(FORBIDDEN)
    case 'unauthorized':
      return answer(verdict.endpoint === 'token' ? SECRET_REFUSED : TOKEN_REFUSED)
    case 'malformed':
      if (fault.body === 'html') return answer(PROXY_PAGE)
      if (fault.body === 'half-json') return answer({ ...verdict.reply, body: '{"mess' })
      return { wire: { kind: 'cut', reply: verdict.reply }, came, delayMs: 0 }
  }
}

const SECRET_REFUSED = refuseToken(401, 'invalid_client', 'invalid client_secret')
const TOKEN_REFUSED = unauthenticated('invalid token. Confirm that the access token in the authorization header is valid.')
const PROXY_PAGE: Reply = {
  isForeign: true,
  status: 200,
  contentType: 'text/html; charset=utf-8',
  body: '<!DOCTYPE html><html><head><title>Welcome</title></head><body>It works</body></html>',
}
