import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { z } from 'zod'
import type { Admin } from './admin.ts'
import { ADMIN_PATH, type AdminRoute, answer, readBody } from './admin-route.ts'
import { digest } from './frequency.ts'
import { parseDay } from './japan-day.ts'
import { digestOf, nthAfter, PEOPLE, type PersonState, userIdOf } from './people.ts'
import { accountLinkEvent, followEvent, unfollowEvent } from './webhook-event.ts'

const phone = z.string().regex(/^\+[1-9]\d{6,14}$/, 'must be an E.164 number: plus sign, country code, no hyphens')
const userId = z.string().regex(/^U[0-9a-f]{32}$/, 'must be U and 32 lower-case hex digits')

/** Some people: one number, `count` numbers from `first` on, or digests. */
const whom = {
  phone: phone.optional(),
  first: phone.optional(),
  count: z.int().min(1).max(100_000).optional(),
  to: z.union([digest, z.array(digest).min(1)]).optional(),
}
const consent = z.strictObject({ ...whom, consent: z.enum(['on', 'off']).default('on') })
const authentication = z.strictObject({ ...whom, outcome: z.enum(['done', 'number-changed']).default('done') })
const friend = { phone: phone.optional(), userId: userId.optional(), channel: z.string().min(1).optional() }
const following = z.strictObject({ ...friend, isUnblocked: z.boolean().optional() })
const leaving = z.strictObject(friend)
const linking = z.strictObject({
  ...friend,
  linkToken: z.string().min(1).optional(),
  nonce: z.string().min(10).max(255),
  result: z.enum(['ok', 'failed']).default('ok'),
})
const readiness = z.strictObject({
  date: z.string().refine((text) => parseDay(text) !== undefined, 'must be a day, yyyyMMdd'),
  ready: z.boolean().default(true),
})

/** What people do, and what LINE does for them. */
export const PEOPLE_ROUTES: readonly AdminRoute[] = [
  {
    method: 'GET',
    path: `${ADMIN_PATH}/people`,
    purpose: 'which telephone numbers belong to whom',
    serve: (_admin, _call, response) => answer(response, 200, PEOPLE),
  },
  {
    method: 'DELETE',
    path: `${ADMIN_PATH}/people`,
    purpose: 'everybody is again what their number says; what is held stays held',
    serve: ({ population }, _call, response) => {
      population.clear()
      answer(response, 200, {})
    },
  },
  {
    method: 'POST',
    path: `${ADMIN_PATH}/people/consent`,
    purpose:
      'somebody decides about notification messages, and what is held for them is delivered or deleted: {"phone":"+81…" or ' +
      '"first":"+81…","count":n or "to":digest or list, "consent"?:"on|off"}',
    serve: (admin, call, response) => {
      const body = readBody(consent, call.text, response, 'nobody consents')
      if (body) change(admin, body, { consent: body.consent }, response)
    },
  },
  {
    method: 'POST',
    path: `${ADMIN_PATH}/people/authentication`,
    purpose:
      'somebody confirms their number by SMS, or in that dialog registers another: {… as above, "outcome"?:"done|number-changed"}',
    serve: (admin, call, response) => {
      const body = readBody(authentication, call.text, response, 'nobody is authenticated')
      if (body) change(admin, body, body.outcome === 'done' ? { authenticated: true } : { onLine: false }, response)
    },
  },
  {
    method: 'POST',
    path: `${ADMIN_PATH}/friends/follow`,
    purpose:
      'somebody adds the account, or unblocks it: {"phone" or "userId":…, "channel"?:id, "isUnblocked"?:true}; a follow event',
    serve: (admin, call, response) => {
      const body = readBody(following, call.text, response, 'nobody follows')
      const who = body && friendOf(admin, body, response)
      if (!who) return
      const didBlock = who.to !== null && admin.population.block(who.channel, who.to, false)
      const facts = { userId: who.userId, isUnblocked: body.isUnblocked ?? didBlock, replyToken: newReplyToken() }
      admin.announcer.announce({ ...who, type: 'follow', tag: null, event: (occurred) => followEvent(occurred, facts) })
      answer(response, 200, { userId: who.userId, channel: who.channel, isUnblocked: facts.isUnblocked })
    },
  },
  {
    method: 'POST',
    path: `${ADMIN_PATH}/friends/unfollow`,
    purpose:
      'somebody blocks the account: {"phone" or "userId":…, "channel"?:id}; an unfollow event, and by number, no more messages',
    serve: (admin, call, response) => {
      const body = readBody(leaving, call.text, response, 'nobody unfollows')
      const who = body && friendOf(admin, body, response)
      if (!who) return
      if (who.to !== null) {
        admin.population.block(who.channel, who.to, true)
        admin.deliveries.review(who.to)
      }
      admin.announcer.announce({ ...who, type: 'unfollow', tag: null, event: (occurred) => unfollowEvent(occurred, who.userId) })
      answer(response, 200, { userId: who.userId, channel: who.channel })
    },
  },
  {
    method: 'POST',
    path: `${ADMIN_PATH}/friends/account-link`,
    purpose:
      'somebody comes back from the account link dialog: {"linkToken", "phone" or "userId":…, "nonce":…, "channel"?:id, ' +
      '"result"?:"ok|failed"}; an accountLink event, but none for a token that is used or expired',
    serve: (admin, call, response) => {
      const body = readBody(linking, call.text, response, 'nothing is linked')
      if (!body) return
      const { linkToken, nonce, result } = body
      const owner = linkToken === undefined ? undefined : admin.links.redeem(linkToken)
      if (linkToken !== undefined && !owner) {
        return answer(response, 410, {
          message: 'the link token is used, expired or unknown: as LINE, the simulator sends no event',
        })
      }
      const who = owner ? { ...owner, to: null } : friendOf(admin, body, response)
      if (!who) return
      const facts = { userId: who.userId, nonce, result, replyToken: newReplyToken() }
      admin.announcer.announce({ ...who, type: 'accountLink', tag: null, event: (occurred) => accountLinkEvent(occurred, facts) })
      answer(response, 200, { userId: who.userId, channel: who.channel, result })
    },
  },
  {
    method: 'GET',
    path: `${ADMIN_PATH}/deliveries`,
    purpose: 'how many accepted notifications are on the way, held, delivered and deleted, and how many events wait, are lost',
    serve: ({ deliveries }, _call, response) => answer(response, 200, deliveries.report()),
  },
  {
    method: 'POST',
    path: `${ADMIN_PATH}/statistics/ready`,
    purpose: 'LINE has aggregated a day (today and yesterday are not, unless you say so): {"date":"yyyyMMdd", "ready"?:false}',
    serve: ({ statistics }, call, response) => {
      const body = readBody(readiness, call.text, response, 'nothing was changed')
      if (!body) return
      statistics.setReady(parseDay(body.date) ?? 0, body.ready)
      answer(response, 200, body)
    },
  },
]

const change = (
  { population, deliveries }: Admin,
  {
    phone,
    first,
    count,
    to,
  }: { phone?: string | undefined; first?: string | undefined; count?: number | undefined; to?: string | string[] | undefined },
  difference: Partial<Omit<PersonState, 'blocks'>>,
  response: ServerResponse,
): void => {
  const start = first ?? phone
  if ((start === undefined) === (to === undefined) || (first !== undefined && phone !== undefined)) {
    return answer(response, 400, { message: 'say who: "phone", or "first" and "count", or "to"' })
  }
  const people =
    start === undefined ? [to ?? []].flat() : Array.from({ length: count ?? 1 }, (_, n) => digestOf(nthAfter(start, n)))
  const sum = { people: people.length, delivered: 0, deleted: 0, held: 0 }
  for (const digest of people) {
    population.change(digest, difference)
    const reviewed = deliveries.review(digest)
    sum.delivered += reviewed.delivered
    sum.deleted += reviewed.deleted
    sum.held += reviewed.held
  }
  answer(response, 200, sum)
}

interface Friend {
  readonly channel: string
  readonly userId: string
  /** Null when only the user id is known: nothing leads from there to a number. */
  readonly to: string | null
}

/** Or nothing, after a 400. */
const friendOf = (
  { channels, webhooks }: Admin,
  { phone, userId, channel }: { phone?: string | undefined; userId?: string | undefined; channel?: string | undefined },
  response: ServerResponse,
): Friend | undefined => {
  if ((phone === undefined) === (userId === undefined)) {
    answer(response, 400, { message: 'say who: "phone", or "userId"' })
    return undefined
  }
  const known = new Set([...channels, ...webhooks.list().flatMap((webhook) => webhook.channel ?? [])])
  const whose = channel ?? (known.size === 1 ? [...known][0] : undefined)
  if (whose === undefined) {
    answer(response, 400, {
      message: `say of which account, "channel": ${known.size === 0 ? 'none is known yet' : [...known].join(', ')}`,
    })
    return undefined
  }
  const to = phone === undefined ? null : digestOf(phone)
  return { channel: whose, to, userId: userId ?? userIdOf(to ?? '') }
}

const newReplyToken = (): string => randomBytes(16).toString('hex')
