import type { Asked, Post, ResultSeen } from './history.ts'
import type { Known } from './known.ts'
import { isQuietAt } from './quiet.ts'

/** LINE tells within a day that a message was delivered, or never will. */
export const RECEIPT_MS = 86_400_000

/** Why this end, or correction, cannot be right, by what was asked and what LINE did; undefined: it can. */
export const refuteEnd = (known: Known, asked: Asked, result: ResultSeen): string | undefined => {
  const { status } = result
  if (asked.kind !== 'ready') return status === asked.kind ? undefined : `${status}, though it was to be ${asked.kind}`
  const because = refuteReady(known, asked, result)
  return because === undefined ? undefined : `${result.corrects === null ? 'ended' : 'corrected to'} ${status}, though ${because}`
}

const refuteReady = (known: Known, asked: Asked, result: ResultSeen): string | undefined => {
  const posts = known.postsOf.get(result.notificationId) ?? []
  const awaited = known.history.settings.awaitsReceipts.includes(asked.channel ?? '')
  const { fate } = asked
  switch (result.status) {
    case 'delivered':
      if (!awaited) return 'nobody awaits receipts on its channel'
      return fate === 'delivered' ? refuteTaken(posts) : `its fate was ${fate}`
    case 'accepted':
      if (awaited) return 'receipts are awaited on its channel'
      return fate === 'unreachable' ? 'its fate was unreachable' : refuteTaken(posts)
    case 'undelivered':
      return refuteUndelivered(known, asked, result, { posts, awaited })
    case 'unreachable':
      if (fate !== 'unreachable') return `its fate was ${fate}`
      return posts.some(({ answered }) => answered === 422) ? undefined : 'LINE did not answer 422'
    case 'rejected':
      return posts.some(({ answered }) => isRejection(answered) && answered === result.httpStatus)
        ? undefined
        : `LINE did not answer ${result.httpStatus ?? 'so'}`
    case 'unconfirmed':
      return refuteUnconfirmed(known, result, { posts, awaited })
    case 'cancelled':
      return isCancelled(known, asked) ? refuteUnsent(posts) : 'no order cancels it'
    case 'superseded':
      return isSuperseded(known, asked) ? refuteUnsent(posts) : 'no newer revision of its subject was asked'
    case 'expired':
      return refuteExpired(asked, result) ?? refuteUnsent(posts)
    case 'duplicate':
      return asked.identity === null ? 'it has no identity that another could share' : refuteUnsent(posts)
    default:
      return 'that is no end of what was ready to be sent'
  }
}

const refuteTaken = (posts: readonly Post[]): string | undefined =>
  posts.some(({ taken }) => taken) ? undefined : 'LINE has none of its requests'

/** Said only of what nobody can have. */
const refuteUnsent = (posts: readonly Post[]): string | undefined => {
  const doubtful = posts.find((post) => !isRefused(post))
  return doubtful && `LINE saw its request ${doubtful.deliveryTag}, and did not certainly refuse it`
}

/** The client got LINE's own answer that it took nothing. */
export const isRefused = ({ certainlyRefused, answered }: Post): boolean =>
  certainlyRefused && typeof answered === 'number' && answered >= 400 && answered < 500

/** 4xx but for what concerns the account, or the recipient, or the pace. */
const isRejection = (answered: number | string): boolean =>
  typeof answered === 'number' && answered >= 400 && answered < 500 && ![401, 403, 422, 429].includes(answered)

const refuteUndelivered = (
  { resultsAt, history }: Known,
  { fate, position }: Asked,
  { seenAt }: ResultSeen,
  { posts, awaited }: { readonly posts: readonly Post[]; readonly awaited: boolean },
): string | undefined => {
  if (!awaited) return 'nobody awaits receipts on its channel'
  if (fate === 'unreachable') return 'its fate was unreachable'
  const taken = posts.find((post) => post.taken)
  if (!taken) return 'LINE has none of its requests'
  if (seenAt + history.settings.slackMs < taken.at + RECEIPT_MS) return 'a day of silence has not passed'
  const corrected = (resultsAt.get(position) ?? []).some(({ corrects }) => corrects !== null)
  return fate === 'silent' || corrected ? undefined : 'its fate was delivered'
}

const refuteUnconfirmed = (
  { resultsAt, unknownsOf, history }: Known,
  { position, notificationId, reason, seenAt }: ResultSeen,
  { posts, awaited }: { readonly posts: readonly Post[]; readonly awaited: boolean },
): string | undefined => {
  if (unknownsOf.has(notificationId)) return undefined
  if ((resultsAt.get(position) ?? []).some(({ status }) => status === 'unknown')) return undefined
  const taken = posts.find((post) => post.taken)
  const unheard = awaited && reason === 'no-webhook' && taken !== undefined
  if (unheard && seenAt + history.settings.slackMs >= taken.at + RECEIPT_MS) return undefined
  return 'it was never unknown'
}

export const isCancelled = (known: Known, { subject, eventTime }: Asked): boolean =>
  subject !== null && (known.subjects.get(subject)?.cancelledAt ?? Number.NEGATIVE_INFINITY) >= eventTime

export const isSuperseded = (known: Known, { subject, revision }: Asked): boolean =>
  subject !== null && revision !== null && (known.subjects.get(subject)?.revision ?? Number.NEGATIVE_INFINITY) > revision

const refuteExpired = ({ expiresAt, staleAt, quiet }: Asked, { decidedAt, reason }: ResultSeen): string | undefined => {
  if (reason === 'max-age') return staleAt == null ? 'it never is too old' : undefined
  if (expiresAt === null) return 'it does not expire'
  if (decidedAt >= expiresAt) return undefined
  if (quiet && isQuietAt(quiet, decidedAt) && isQuietAt(quiet, expiresAt - 1)) return undefined
  return `that was decided ${expiresAt - decidedAt} ms before it expires, and not for quiet hours that last so long`
}
