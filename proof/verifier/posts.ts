import type { Findings } from './findings.ts'
import type { Breach, Post } from './history.ts'
import { type Known, parseTag, type Sending } from './known.ts'
import { isRefused } from './rightful-end.ts'

/** Invariant 2: whatever leaves was committed before, as an intention that leaves once; and what LINE did not certainly refuse is not sent
 *  again, but by the policy `resend`, after a committed `unknown`. */
export const checkPosts = (known: Known): Findings => {
  const breaches: Breach[] = []
  const blame = (where: string, what: string) => void breaches.push({ invariant: 2, what, where })

  for (const { notificationId, deliveryTag, partition, offset } of known.misnamed)
    blame(
      notificationId,
      `journal/${partition}/${offset} is sending with ${deliveryTag === null ? 'no tag' : `the tag ${deliveryTag}, which was used before`}`,
    )
  for (const { tag, id, entry } of known.sendings.values())
    if (id?.partition !== entry.partition)
      blame(tag, `the tag of journal/${entry.partition}/${entry.offset} names ${id ? `partition ${id.partition}` : 'no owner'}`)

  const told = toldSendings(known)
  const progress = known.history.settings.progress !== false
  for (const [tag, departures] of known.departuresBy) {
    if (departures.length > 1) blame(tag, `${departures.length} departures of one intention`)
    for (const { at } of departures) {
      const early = tooEarly(known, tag, at)
      if (early !== undefined) blame(tag, early)
    }
  }
  for (const [tag, posts] of known.postsBy) if (posts.length > 1) blame(tag, `${posts.length} posts of one intention`)
  for (const tag of new Set([...known.departuresBy.keys(), ...known.postsBy.keys()])) {
    const left = known.postsBy.has(tag) ? 'LINE saw it' : 'it left'
    if (!known.sendings.has(tag))
      blame(tag, `${left}, and its intention was never committed${parseTag(tag) ? '' : ': it is no tag of ours'}`)
    else if (progress && !told.has(tag)) blame(tag, `${left}, and no result tells that it was being sent`)
  }
  for (const [notificationId, posts] of known.postsOf) {
    const what = sentAgain(known, notificationId, posts)
    if (what !== undefined) blame(notificationId, what)
  }
  return { checked: known.departuresBy.size, breaches }
}

const toldSendings = ({ history }: Known): ReadonlySet<string | null> =>
  new Set(history.results.filter(({ status }) => status === 'sending').map(({ deliveryTag }) => deliveryTag))

const tooEarly = ({ sendings, history }: Known, tag: string, at: number): string | undefined => {
  const { commitSlackMs, slackMs } = history.settings
  const committedAt = sendings.get(tag)?.entry.committedAt
  if (committedAt === undefined || commitSlackMs === null) return undefined
  const early = committedAt - at
  return early > Math.max(commitSlackMs ?? 0, slackMs) ? `it left ${early} ms before its intention was committed` : undefined
}

const sentAgain = (known: Known, notificationId: string, posts: readonly Post[]): string | undefined => {
  const doubtful = new Set(posts.filter((post) => !isRefused(post)).map(({ deliveryTag }) => deliveryTag))
  if (doubtful.size < 2) return undefined
  const sendings = (known.sendingsOf.get(notificationId) ?? []).filter(({ tag }) => doubtful.has(tag))
  const tags = sendings.map(({ tag }) => tag).join(', ')
  const asked = known.asked.get(sendings[0]?.entry.position ?? '')
  if (asked?.unknownPolicy !== 'resend') return `sent ${sendings.length} times, by a policy that gives up: ${tags}`
  for (const [index, sending] of sendings.entries()) {
    const before = sendings[index - 1]
    if (before && !becameUnknown(known, before.tag, sending))
      return `sent again by ${sending.tag}, and ${before.tag} had not become unknown`
  }
  return undefined
}

/** Both are in the journal; where one step did all of it, only the results tell. */
const becameUnknown = ({ unknownsOf, resultsAt }: Known, tag: string, { entry, tag: next }: Sending): boolean => {
  const unknowns = unknownsOf.get(entry.notificationId) ?? []
  if (unknowns.some(({ deliveryTag, offset }) => deliveryTag === tag && offset < entry.offset)) return true
  const results = resultsAt.get(entry.position) ?? []
  const again = results.findIndex(({ status, deliveryTag }) => status === 'sending' && deliveryTag === next)
  return results.slice(0, Math.max(again, 0)).some(({ status, deliveryTag }) => status === 'unknown' && deliveryTag === tag)
}
