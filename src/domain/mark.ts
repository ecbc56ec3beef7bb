/** What is known of a subject (a reservation, an invoice, an incident), whomever it concerns. Every partition remembers it, so that
 *  neither the order of arrival nor a changed phone matters. */
export interface Mark {
  readonly subject: string
  /** Time of the latest event that called it off: what is not newer is not sent any more. */
  readonly cancelledAt: number | null
  /** The highest revision heard of: what is below it is not sent any more. */
  readonly revision: number | null
  readonly forgetAt: number
  /** Queued notifications of the subject are still to be looked through. */
  readonly pending: boolean
}

/** What is learned of a subject: the same said twice, or in another order, comes to the same. */
export type Marking = Omit<Mark, 'pending'>

/** The mark as it is after this was learned, or undefined if nothing of it is news. */
export const learn = (known: Mark | undefined, news: Marking): Mark | undefined => {
  const learned = {
    subject: news.subject,
    cancelledAt: later(known?.cancelledAt ?? null, news.cancelledAt),
    revision: later(known?.revision ?? null, news.revision),
    forgetAt: Math.max(known?.forgetAt ?? 0, news.forgetAt),
  }
  const bars = learned.cancelledAt !== known?.cancelledAt || learned.revision !== known.revision
  if (!bars && learned.forgetAt === known?.forgetAt) return undefined
  return { ...learned, pending: bars || (known?.pending ?? false) }
}

const later = (a: number | null, b: number | null): number | null => (a === null || b === null ? (a ?? b) : Math.max(a, b))
