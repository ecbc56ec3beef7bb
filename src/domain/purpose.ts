/** The uses LINE permits for notification messages, as this product names them. Anything else, advertising above all, is not one. */
export const PURPOSES = [
  'delivery',
  'reservation',
  'reminder',
  'outage',
  'application-completed',
  'bill-finalized',
  'purchase-completed',
  'registration-completed',
  'payment-completed',
  'payment-due',
] as const

export type Purpose = (typeof PURPOSES)[number]

/** What answers a person's own act, or cannot wait, goes at any hour; the rest waits for the end of quiet hours. */
const GOES_AT_ANY_HOUR: ReadonlySet<Purpose> = new Set([
  'outage',
  'application-completed',
  'purchase-completed',
  'registration-completed',
  'payment-completed',
])

export const goesAtAnyHour = (purpose: Purpose): boolean => GOES_AT_ANY_HOUR.has(purpose)
