import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseDocument } from 'yaml'
import type { Quiet } from '../../verifier/history.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** All routes that are shipped. */
export const ROUTES = [
  'application-completed',
  'bill-finalized',
  'delivery-due',
  'invoice-settled',
  'order-ready',
  'order-received',
  'order-shipped',
  'outage-notice',
  'outage-restored',
  'payment-completed',
  'payment-due',
  'registration-completed',
  'reservation-cancelled',
  'reservation-confirmed',
  'reservation-reminder',
] as const
export type RouteName = (typeof ROUTES)[number]

/** They call off, and notify nobody. */
export const CALLING_OFF = ['invoice-settled', 'reservation-cancelled'] as const
export type CallingOff = (typeof CALLING_OFF)[number]
export type Notifying = Exclude<RouteName, CallingOff>

export const callsOff = (route: RouteName): route is CallingOff => CALLING_OFF.some((each) => each === route)

/** What the routes of this proof lay down that the shipped ones do not, or not so. */
export interface Terms {
  readonly channel: 'receipts' | 'plain'
  /** Whether it waits while the window of the run is open; otherwise it knows no quiet hours. */
  readonly waits: boolean
  readonly unknown: 'give-up' | 'resend'
  readonly maxAgeMs: number
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** What waits is of purposes that wait as shipped; of each pair of one purpose, one is on each channel. */
export const TERMS: Readonly<Record<Notifying, Terms>> = {
  'application-completed': { channel: 'plain', waits: false, unknown: 'give-up', maxAgeMs: HOUR_MS / 2 },
  'bill-finalized': { channel: 'receipts', waits: true, unknown: 'give-up', maxAgeMs: 3 * DAY_MS },
  'delivery-due': { channel: 'plain', waits: true, unknown: 'give-up', maxAgeMs: 12 * HOUR_MS },
  'order-ready': { channel: 'receipts', waits: false, unknown: 'give-up', maxAgeMs: 3 * DAY_MS },
  'order-received': { channel: 'receipts', waits: false, unknown: 'resend', maxAgeMs: DAY_MS },
  'order-shipped': { channel: 'plain', waits: false, unknown: 'give-up', maxAgeMs: DAY_MS },
  'outage-notice': { channel: 'receipts', waits: false, unknown: 'give-up', maxAgeMs: 6 * HOUR_MS },
  'outage-restored': { channel: 'plain', waits: true, unknown: 'give-up', maxAgeMs: 12 * HOUR_MS },
  'payment-completed': { channel: 'plain', waits: false, unknown: 'resend', maxAgeMs: 3 * DAY_MS },
  'payment-due': { channel: 'receipts', waits: true, unknown: 'give-up', maxAgeMs: DAY_MS },
  'registration-completed': { channel: 'receipts', waits: false, unknown: 'give-up', maxAgeMs: DAY_MS },
  'reservation-confirmed': { channel: 'receipts', waits: true, unknown: 'give-up', maxAgeMs: DAY_MS },
  'reservation-reminder': { channel: 'plain', waits: true, unknown: 'resend', maxAgeMs: DAY_MS },
}

/** How long an answer is waited for. A resend accepts that some get it twice. */
const WAIT: Readonly<Record<Terms['unknown'], string>> = { 'give-up': 'PT10S', resend: 'PT15S' }

/** Where everybody lives who says nothing else: all numbers are Japanese. */
export const HOME = 'Asia/Tokyo'

/** Lays the shipped routes out, on topics of their own. Returns their folder. */
export const layOutRoutes = async (directory: string, topicOf: (route: RouteName) => string, quiet: Quiet): Promise<string> => {
  if (quiet.zone !== HOME) throw new Error(`the window is on the clock of ${quiet.zone}, and everybody lives by that of ${HOME}`)
  const folder = join(directory, 'routes')
  await mkdir(folder, { recursive: true })
  for (const name of ROUTES) {
    const route = parseDocument(await readFile(join(ROOT, 'routes', `${name}.yaml`), 'utf8'))
    route.set('topic', topicOf(name))
    route.set('schema', `${name}.avsc`)
    if (!callsOff(name)) {
      const { channel, waits, unknown, maxAgeMs } = TERMS[name]
      route.set('channel', channel)
      route.set('quietHours', waits ? { from: quiet.from, until: quiet.until } : 'none')
      route.set('unknown', { policy: unknown, wait: WAIT[unknown] })
      route.set('maxAge', `PT${maxAgeMs / 1_000}S`)
      // Whether somebody was told before is not to be had from inputs alone.
      route.delete('onlyIf')
    }
    await writeFile(join(folder, `${name}.avsc`), await readFile(join(ROOT, 'schemas', 'events', `${name}.avsc`)))
    await writeFile(join(folder, `${name}.yaml`), String(route))
  }
  return folder
}

/** Full name of the record of a route's events. */
export const eventNameOf = async (route: RouteName): Promise<string> => {
  const { namespace, name } = JSON.parse(await readFile(join(ROOT, 'schemas', 'events', `${route}.avsc`), 'utf8'))
  return `${namespace}.${name}`
}

/** The shipped example of a route's event. */
export const exampleOf = async (route: RouteName): Promise<Readonly<Record<string, unknown>>> =>
  JSON.parse(await readFile(join(ROOT, 'examples', `${route}.json`), 'utf8'))
