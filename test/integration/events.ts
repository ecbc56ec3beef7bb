import { randomUUID } from 'node:crypto'

/** Events as producing teams write them, by the schemas in schemas/events. Whatever a test does not care about is sound. */

export interface Customer {
  readonly id: string
  readonly phone: string
  readonly timeZone?: string | null
  readonly name?: string | null
}

export interface Event {
  readonly eventId: string
  readonly occurredAt: number
  readonly [field: string]: unknown
}

export const paymentDue = (customer: Customer, fields: Readonly<Record<string, unknown>> = {}): Event => ({
  ...happened(),
  customer: { timeZone: null, name: null, ...customer },
  invoiceId: `INV-${randomUUID()}`, // the route tells nobody twice of one
  serviceName: 'さくら電力',
  amountYen: 12_800,
  dueDate: new Date(Date.now() + 3 * DAY_MS).toISOString().slice(0, 10),
  paymentUrl: `https://pay.example.jp/invoices/${customer.id}`,
  ...fields,
})

export const reservationReminder = (customer: Customer, fields: Readonly<Record<string, unknown>> = {}): Event => ({
  ...happened(),
  customer: { timeZone: null, name: null, ...customer },
  reservationId: `R-${customer.id}`,
  shopName: 'みなと歯科クリニック',
  startsAt: Date.now() + DAY_MS,
  partySize: null,
  changeUrl: `https://reserve.example.jp/r/${customer.id}/change`,
  cancelUrl: `https://reserve.example.jp/r/${customer.id}/cancel`,
  ...fields,
})

export const outageNotice = (affected: readonly Customer[], fields: Readonly<Record<string, unknown>> = {}): Event => ({
  ...happened(),
  incidentId: 'INC-20260810-01',
  revision: 1,
  area: '川崎市中原区',
  service: '光インターネット',
  startedAt: Date.now(),
  expectedRestorationAt: null,
  statusUrl: 'https://status.example.jp/incidents/INC-20260810-01',
  affected: affected.map((customer) => ({ timeZone: null, name: null, ...customer })),
  ...fields,
})

export const reservationCancelled = (reservationId: string, fields: Readonly<Record<string, unknown>> = {}): Event => ({
  ...happened(),
  reservationId,
  ...fields,
})

export const invoiceSettled = (invoiceId: string, fields: Readonly<Record<string, unknown>> = {}): Event => ({
  ...happened(),
  invoiceId,
  ...fields,
})

export const outageRestored = (affected: readonly Customer[], fields: Readonly<Record<string, unknown>> = {}): Event => ({
  ...outageNotice(affected),
  revision: 2,
  restoredAt: Date.now(),
  ...fields,
})

/** Of every kind of news of an order: each schema takes what it has. */
export const orderNews = (customer: Customer, orderId: string, fields: Readonly<Record<string, unknown>> = {}): Event => ({
  ...happened(),
  customer: { timeZone: null, name: null, ...customer },
  orderId,
  shopName: 'みなと書店',
  itemName: '文庫本 2 冊',
  amountYen: 1_980,
  expectedOn: null,
  pickUpShopName: null,
  orderUrl: `https://shop.example.jp/orders/${orderId}`,
  shopUrl: 'https://shop.example.jp/shops/minato',
  trackingUrl: `https://shop.example.jp/orders/${orderId}/tracking`,
  ...fields,
})

const DAY_MS = 86_400_000

const happened = (): Event => ({ eventId: randomUUID(), occurredAt: Date.now() })
