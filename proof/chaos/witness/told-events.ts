import type { Notifying } from '../inputs/routes.ts'

/** What an event of each kind says, read field by field: nothing here knows how the product reads routes. */
export interface Told {
  readonly purpose: string
  readonly lane: 'template' | 'flexible'
  readonly urgent: boolean
  readonly people: readonly ToldPerson[]
  readonly subject: { readonly kind: string; readonly id: unknown }
  readonly revision: number | null
  /** Until when it is of use: an instant, or a text with a day or an instant. Null: for ever. */
  readonly expires: number | string | null
  /** Texts that stand alone in the message, or make its title too long. */
  readonly texts: readonly unknown[]
  readonly pages: readonly unknown[]
}

export interface ToldPerson {
  readonly id: unknown
  readonly phone: unknown
  readonly timeZone: unknown
  readonly name: unknown
}

export type Fields = Readonly<Record<string, unknown>>

const HOUR_MS = 3_600_000

export const toldBy = (route: Notifying, event: Fields, eventTime: number): Told => {
  switch (route) {
    case 'application-completed':
      return {
        ...ofOne(event, 'application', event.applicationId),
        purpose: 'application-completed',
        texts: [event.serviceName],
        pages: [event.applicationUrl],
      }
    case 'bill-finalized':
      return {
        ...ofOne(event, 'invoice', event.invoiceId),
        purpose: 'bill-finalized',
        revision: Number(event.revision),
        texts: [event.billingPeriod],
        pages: [event.billUrl],
      }
    case 'delivery-due':
      return {
        ...ofOne(event, 'order', event.orderId),
        ...{ purpose: 'delivery', revision: 3, expires: Number(event.arrivesFrom) },
        texts: [event.itemName],
        pages: [event.changeUrl],
      }
    case 'order-ready':
      return {
        ...ofOne(event, 'order', event.orderId),
        ...{ purpose: 'delivery', lane: 'template', revision: 3 },
        texts: [event.shopName],
        pages: [event.shopUrl, event.orderUrl],
      }
    case 'order-received':
      return {
        ...ofOne(event, 'order', event.orderId),
        ...{ purpose: 'purchase-completed', revision: 1 },
        texts: [event.itemName, event.shopName],
        pages: [event.orderUrl],
      }
    case 'order-shipped':
      return {
        ...ofOne(event, 'order', event.orderId),
        ...{ purpose: 'delivery', revision: 2 },
        texts: [event.itemName],
        pages: [event.trackingUrl],
      }
    case 'outage-notice':
      return { ...ofMany(event), urgent: true, expires: eventTime + 6 * HOUR_MS }
    case 'outage-restored':
      return { ...ofMany(event), expires: eventTime + 24 * HOUR_MS }
    case 'payment-completed':
      return {
        ...ofOne(event, 'payment', event.paymentId),
        purpose: 'payment-completed',
        texts: [event.serviceName],
        pages: [event.receiptUrl],
      }
    case 'payment-due':
      return {
        ...ofOne(event, 'invoice', event.invoiceId),
        ...{ purpose: 'payment-due', expires: String(event.dueDate) },
        texts: [event.serviceName],
        pages: [event.paymentUrl],
      }
    case 'registration-completed':
      return {
        ...ofOne(event, 'registration', event.registrationId),
        purpose: 'registration-completed',
        texts: [event.serviceName],
        pages: [event.accountUrl, event.contactUrl],
      }
    case 'reservation-confirmed':
      return {
        ...ofOne(event, 'reservation', event.reservationId),
        ...{ purpose: 'reservation', revision: Number(event.revision), expires: Number(event.startsAt) },
        texts: [event.shopName],
        pages: [event.changeUrl, event.cancelUrl],
      }
    case 'reservation-reminder':
      return {
        ...ofOne(event, 'reservation', event.reservationId),
        ...{ purpose: 'reminder', expires: Number(event.startsAt) },
        texts: [event.shopName],
        pages: [event.changeUrl, event.cancelUrl],
      }
  }
}

const ofOne = (event: Fields, kind: string, id: unknown) => ({
  ...({ lane: 'flexible', urgent: false, revision: null, expires: null } as const),
  people: [event.customer as ToldPerson],
  subject: { kind, id },
})

const ofMany = (event: Fields) => ({
  ...({ lane: 'flexible', urgent: false, purpose: 'outage' } as const),
  people: event.affected as readonly ToldPerson[],
  subject: { kind: 'incident', id: event.incidentId },
  revision: Number(event.revision),
  texts: [],
  pages: [event.statusUrl],
})
