import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import { parse, stringify } from 'yaml'
import { laidOver } from './laid-over.ts'

/** The routes of every installation: those that are shipped, and one for LINE's own templates. */
export type RouteName = 'payment-due' | 'reservation-reminder' | 'outage-notice' | 'ride-reminder'

/** Laid over the route files: `{ 'payment-due': { unknown: { wait: 'PT1S' } } }`. */
export type RouteChanges = Partial<Readonly<Record<RouteName, Readonly<Record<string, unknown>>>>>

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const SCHEMAS: Readonly<Record<RouteName, string>> = {
  'payment-due': 'payment-due',
  'reservation-reminder': 'reservation-reminder',
  'outage-notice': 'outage-notice',
  'ride-reminder': 'reservation-reminder',
}
const ROUTES = Object.keys(SCHEMAS) as RouteName[]

/** The domain topic of each route. */
export const topicsOf = (name: string): Record<RouteName, string> => ({
  'payment-due': `${name}.events.payment-due`,
  'reservation-reminder': `${name}.events.reservation-reminder`,
  'outage-notice': `${name}.events.outage-notice`,
  'ride-reminder': `${name}.events.ride-reminder`,
})

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
export const layOutRoutes = async (directory: string, name: string, changes: RouteChanges): Promise<void> => {
  await mkdir(join(directory, 'routes'))
  await cp(join(ROOT, 'schemas', 'events'), join(directory, 'schemas', 'events'), { recursive: true })
  const shipped = (await readdir(join(ROOT, 'routes'))).map((file) => file.replace(/\.yaml$/, ''))
  for (const route of ROUTES) {
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
): Promise<Record<RouteName, number>> => {
  const ids = await Promise.all(
    ROUTES.map(async (route) => {
      const schema = await readFile(join(ROOT, 'schemas', 'events', `${SCHEMAS[route]}.avsc`), 'utf8')
      const { id } = await registry.register({ type: SchemaType.AVRO, schema }, { subject: `${events[route]}-value` })
      return [route, id] as const
    }),
  )
  return Object.fromEntries(ids) as Record<RouteName, number>
}
