import { randomUUID } from 'node:crypto'
import type { Customer } from './customer.ts'

/** Events as the shipped schemas have them, and the names under which their teams publish them. */
export interface DomainEvent {
  readonly kind: EventKind
  readonly id: string
  readonly occurredAt: number
  readonly recipients: number
  readonly value: object
}

export type EventKind = 'reminder' | 'payment-due' | 'outage' | 'cancellation'

/** Topic as the shipped routes have it; source and type as CloudEvents headers have them. */
export const PUBLISHED: Readonly<Record<EventKind, { topic: string; source: string; type: string }>> = {
  reminder: {
    topic: 'reservation.reminder-due',
    source: 'jp.example.reservation',
    type: 'jp.example.reservation.ReservationReminderDue',
  },
  'payment-due': { topic: 'billing.payment-due', source: 'jp.example.billing', type: 'jp.example.billing.PaymentDue' },
  cancellation: {
    topic: 'reservation.cancelled',
    source: 'jp.example.reservation',
    type: 'jp.example.reservation.ReservationCancelled',
  },
  outage: { topic: 'network.outage-notice', source: 'jp.example.network', type: 'jp.example.network.OutageNotice' },
}

/** The n-th reservation: tomorrow, at some half hour from 10:00 to 19:30 in Japan. */
export const reminderFor = (customer: Customer, n: number, now: number): DomainEvent => {
  const reservationId = reservationOf(n)
  const opening = tokyoToday(now).add({ days: 1 }).toZonedDateTime({ timeZone: 'Asia/Tokyo', plainTime: '10:00' })
  return eventOf('reminder', now, 1, {
    customer,
    reservationId,
    shopName: SHOPS[n % SHOPS.length],
    startsAt: opening.add({ minutes: 30 * (n % 20) }).epochMilliseconds,
    partySize: n % 3 === 0 ? null : 1 + (n % 6),
    changeUrl: `https://reserve.example.jp/r/${reservationId}/change`,
    cancelUrl: `https://reserve.example.jp/r/${reservationId}/cancel`,
  })
}

/** Calls the n-th reservation off: nobody is told, and who was to be reminded is not. */
export const cancellationOf = (n: number, now: number): DomainEvent =>
  eventOf('cancellation', now, 0, { reservationId: reservationOf(n) })

const reservationOf = (n: number): string => `R-${88_000 + n}`

/** The n-th invoice: due in three to ten days. */
export const paymentDueFor = (customer: Customer, n: number, now: number): DomainEvent => {
  const due = tokyoToday(now).add({ days: 3 + (n % 8) })
  const invoiceId = `INV-${due.year}-${String(due.month).padStart(2, '0')}-${String(4_000 + n).padStart(6, '0')}`
  return eventOf('payment-due', now, 1, {
    customer,
    invoiceId,
    serviceName: SERVICES[n % SERVICES.length],
    amountYen: 3_000 + ((n * 1_370) % 17_000),
    dueDate: due.toString(),
    paymentUrl: `https://pay.example.jp/invoices/${invoiceId}`,
  })
}

export const outageFor = (
  affected: readonly Customer[],
  { area, service, n }: { readonly area: string; readonly service: string; readonly n: number },
  now: number,
): DomainEvent => {
  const incidentId = `INC-${tokyoToday(now).toString().replaceAll('-', '')}-${String(n).padStart(2, '0')}`
  return eventOf('outage', now, affected.length, {
    incidentId,
    revision: 1,
    area,
    service,
    startedAt: now - 12 * MINUTE_MS,
    expectedRestorationAt: now + 180 * MINUTE_MS,
    statusUrl: `https://status.example.jp/incidents/${incidentId}`,
    affected,
  })
}

const MINUTE_MS = 60_000

const eventOf = (kind: EventKind, occurredAt: number, recipients: number, facts: object): DomainEvent => {
  const id = randomUUID()
  return { kind, id, occurredAt, recipients, value: { eventId: id, occurredAt, ...facts } }
}

const tokyoToday = (now: number): Temporal.PlainDate =>
  Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO('Asia/Tokyo').toPlainDate()

const SHOPS = ['みなと歯科クリニック', '美容室つばき', '鮨処まつの', '整体院ひなた', '車検のあおば 中原店', 'こもれびヨガ教室']
const SERVICES = ['さくら電力', 'あさひガス', 'みらい光インターネット', 'つばさモバイル', 'ひまわり水道サービス']
