import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { COMPATIBILITY, type SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import { parse, stringify } from 'yaml'
import { laidOver } from './laid-over.ts'

/** The routes of every installation: three that are shipped, and one for LINE's own templates. */
export type UsualRoute = 'payment-due' | 'reservation-reminder' | 'outage-notice' | 'ride-reminder'

/** Shipped ones that an installation may have besides. */
export type FurtherRoute =
  | 'invoice-settled'
  | 'reservation-confirmed'
  | 'reservation-cancelled'
  | 'outage-restored'
  | 'order-received'
  | 'order-shipped'
  | 'order-ready'

export type RouteName = UsualRoute | FurtherRoute

/** Laid over the route files: `{ 'payment-due': { unknown: { wait: 'PT1S' } } }`. */
export type RouteChanges = Partial<Readonly<Record<RouteName, Readonly<Record<string, unknown>>>>>

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const SCHEMAS: Readonly<Record<RouteName, string>> = {
  'payment-due': 'payment-due',
  'reservation-reminder': 'reservation-reminder',
  'outage-notice': 'outage-notice',
  'ride-reminder': 'reservation-reminder',
  'invoice-settled': 'invoice-settled',
  'reservation-confirmed': 'reservation-confirmed',
  'reservation-cancelled': 'reservation-cancelled',
  'outage-restored': 'outage-restored',
  'order-received': 'order-received',
  'order-shipped': 'order-shipped',
  'order-ready': 'order-ready',
}

export const USUAL_ROUTES: readonly UsualRoute[] = ['payment-due', 'reservation-reminder', 'outage-notice', 'ride-reminder']

/** The domain topic of each route, installed or not. */
export const topicsOf = (name: string): Record<RouteName, string> =>
  Object.fromEntries(Object.keys(SCHEMAS).map((route) => [route, `${name}.events.${route}`])) as Record<RouteName, string>

/** The shipped routes name no template: of LINE's own templates only a few keys are published. This one is made of those. */
const RIDE_REMINDER = {
  route: 'ride-reminder',
  purpose: 'reminder',
  event: 'jp.example.reservation.ReservationReminderDue',
  schema: '../schemas/events/reservation-reminder.avsc',
  channel: 'main',
  identity: { source: 'jp.example.rides', id: 'eventId' },
  time: 'occurredAt',
  recipient: { phone: 'customer.phone', country: 'JP', customer: 'customer.id', timeZone: 'customer.timeZone' },
  expires: 'startsAt',
  fallback: 'sms',
  message: {
    template: {
      templateKey: 'ride_reservation_reminder_ja',
      emphasizedItem: { itemKey: 'date_002_ja', content: '{{ startsAt | date }}' },
      items: [{ itemKey: 'time_range_001_ja', content: '午前中' }],
      buttons: [{ buttonKey: 'check_details_ja', url: '{{ changeUrl }}' }],
    },
  },
}

/** Writes the route files, and the schemas they name, into the directory. */
export const layOutRoutes = async (
  directory: string,
  name: string,
  routes: readonly RouteName[],
  changes: RouteChanges,
): Promise<void> => {
  await mkdir(join(directory, 'routes'))
  await cp(join(ROOT, 'schemas', 'events'), join(directory, 'schemas', 'events'), { recursive: true })
  const shipped = (await readdir(join(ROOT, 'routes'))).map((file) => file.replace(/\.yaml$/, ''))
  for (const route of routes) {
    const source: unknown = shipped.includes(route)
      ? parse(await readFile(join(ROOT, 'routes', `${route}.yaml`), 'utf8'))
      : RIDE_REMINDER
    const laid = laidOver(laidOver(source, { topic: topicsOf(name)[route] }), changes[route] ?? {})
    await writeFile(join(directory, 'routes', `${route}.yaml`), stringify(laid))
  }
}

/** As the producers would. Returns the ids. */
export const registerEventSchemas = async (
  registry: SchemaRegistry,
  events: Readonly<Record<RouteName, string>>,
  routes: readonly RouteName[],
): Promise<ReadonlyMap<RouteName, number>> => {
  const ids = await Promise.all(
    routes.map(async (route) => {
      const schema = await readFile(join(ROOT, 'schemas', 'events', `${SCHEMAS[route]}.avsc`), 'utf8')
      const { id } = await registry.register(
        { type: SchemaType.AVRO, schema },
        { subject: `${events[route]}-value`, compatibility: COMPATIBILITY.BACKWARD_TRANSITIVE },
      )
      return [route, id] as const
    }),
  )
  return new Map(ids)
}
