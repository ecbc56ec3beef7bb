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
  invoiceId: `INV-${customer.id}`,
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

const DAY_MS = 86_400_000

const happened = (): Event => ({ eventId: randomUUID(), occurredAt: Date.now() })
