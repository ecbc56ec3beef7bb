import { type ClockFace, spanOf } from './clock-face.ts'
import type { Fact } from './fact.ts'
import type { FactOf } from './story.ts'

/** LINE's delivery event: when the person could see it, and where it stands among the rest. */
export const receiptWords = (receipt: FactOf<'receipt'>, facts: readonly Fact[], { time }: ClockFace): string => {
  const { deliveredAt, deliveryTag } = receipt
  const before = facts.slice(0, facts.indexOf(receipt))
  const late = receipt.at - deliveredAt > LATE_MS ? [`heard ${spanOf(receipt.at - deliveredAt)} later`] : []
  return [
    `receipt: LINE says that the person could see it at ${time(deliveredAt)}, as ${deliveryTag}`,
    ...late,
    ...standing(deliveryTag, before, facts),
  ].join(', ')
}

/** The person linked their LINE account by it. */
export const linkWords = (link: FactOf<'link'>, facts: readonly Fact[], { time }: ClockFace): string => {
  const { linkedAt, userId, webhookEventId } = link.link
  const again = facts.slice(0, facts.indexOf(link)).some(({ kind }) => kind === 'link')
  return `account link: ${userId} linked their account by it at ${time(linkedAt)}, event ${webhookEventId}${again ? '; only the first counts' : ''}`
}

/** LINE delivers within seconds, mostly. */
const LATE_MS = 60_000

const standing = (tag: string, before: readonly Fact[], all: readonly Fact[]): string[] => {
  if (before.some((fact) => fact.kind === 'receipt' && fact.deliveryTag === tag)) return ['again, which changes nothing']
  const last = before.findLast((fact) => statusIn(fact) !== undefined)
  if (last && hasEnded(last)) return ['after the end']
  // That LINE took it is said when the answer comes, but not once the receipt is there.
  const answered = all.some((fact) => statusIn(fact) === 'accepted' && !hasEnded(fact))
  return last && statusIn(last) === 'sending' && !answered ? ["before LINE's answer"] : []
}

const statusIn = (fact: Fact): string | undefined => {
  if (fact.kind === 'entry') return fact.entry.state
  return fact.kind === 'result' && fact.result.status !== 'fallback_due' ? fact.result.status : undefined
}

const hasEnded = (fact: Fact): boolean =>
  (fact.kind === 'entry' && fact.entry.state === 'done') || (fact.kind === 'result' && fact.result.terminal)
