import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { SHIPPED_BANNED_WORDS } from '../../src/intake/banned-words.ts'
import type { ChannelRules } from '../../src/intake/channel-rules.ts'
import type { CancellingRoute, NotifyingRoute, Route } from '../../src/intake/route.ts'
import { type Fault, formatFault } from '../../src/intake/route-fault.ts'
import { type RoutesFolder, soundRoutesOf, surveyRoutes } from '../../src/intake/routes.ts'
import { violationsOf } from '../../src/providers/line/content-rules.ts'

/** What the configuration says of quiet hours. */
export const NIGHT = { from: '21:00', until: '08:00', on: null } as const

/** Of a channel to the simulator. */
export const RULES: ChannelRules = {
  violationsOf: (message) => violationsOf(message, null),
  bannedWords: SHIPPED_BANNED_WORDS,
  advertising: 'warn',
  review: 'none',
}

export const SURROUNDINGS = {
  channels: new Map([
    ['main', RULES],
    ['support', RULES],
  ]),
  defaults: { country: 'JP', zone: 'Asia/Tokyo', quietHours: [NIGHT], releaseSpreadMs: 0, holidays: null },
  /** Noon of 10 August 2026, in Tokyo. */
  now: Date.UTC(2026, 7, 10, 3),
} as const

const customer = {
  type: 'record',
  name: 'Customer',
  fields: [
    { name: 'id', type: ['null', 'string'], default: null },
    { name: 'phone', type: ['null', 'string'], default: null },
    { name: 'timeZone', type: ['null', 'string'], default: null },
    { name: 'name', type: ['null', 'string'], default: null },
    { name: 'revision', type: ['null', 'long'], default: null },
  ],
}

/** `jp.example.Bill`: one customer, and a list of them for fan-outs. */
export const BILL = JSON.stringify({
  type: 'record',
  name: 'Bill',
  namespace: 'jp.example',
  fields: [
    { name: 'eventId', type: ['null', 'string'], default: null },
    { name: 'at', type: ['null', 'long', 'string'], default: null },
    { name: 'due', type: ['null', 'string'], default: null },
    { name: 'amount', type: 'long' },
    { name: 'revision', type: ['null', 'long'], default: null },
    { name: 'link', type: ['null', 'string'], default: null },
    { name: 'paid', type: 'boolean' },
    { name: 'customer', type: ['null', customer], default: null },
    { name: 'others', type: { type: 'array', items: 'Customer' } },
    { name: 'phones', type: { type: 'array', items: 'string' } },
    { name: 'labels', type: { type: 'map', values: 'string' } },
  ],
})

export const BILL_ROUTE = `route: bill
purpose: bill-finalized
topic: bills
event: jp.example.Bill
schema: bill.avsc
channel: main
identity: { source: jp.example, id: eventId }
time: at
recipient: { phone: customer.phone, customer: customer.id, timeZone: customer.timeZone }
expires: due
fallback: sms
message:
  flexible:
    - { type: text, text: "{{ customer.name | default: 'お客' }}様: {{ amount | yen }}" }
`

/** Throws RoutesError with all faults of all files. */
export const loadRoutes = (folder: RoutesFolder): readonly Route[] => soundRoutesOf(surveyRoutes(folder))

export type Files = Readonly<Record<string, string>>

/** A folder of its own with these files, gone after the test. */
export const folderOf = (files: Files): string => {
  const directory = mkdtempSync(join(tmpdir(), 'routes-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), text)
  }
  return directory
}

export const loadFrom = (files: Files): readonly Route[] =>
  loadRoutes({ ...SURROUNDINGS, directory: folderOf({ 'bill.avsc': BILL, ...files }) })

/** What is said of these files where the channel `main` has such rules, with file names alone in place of their paths. */
export const surveyOf = (files: Files, rules: Partial<ChannelRules> = {}) => {
  const { routes, faults, warnings } = surveyRoutes({
    ...SURROUNDINGS,
    channels: new Map([['main', { ...RULES, ...rules }]]),
    directory: folderOf({ 'bill.avsc': BILL, ...files }),
  })
  const told = (faults: readonly Fault[]) => faults.map((fault) => formatFault(fault).replaceAll(/\S*\/(\S+)/g, '$1'))
  return { routes, faults: told(faults), warnings: told(warnings) }
}

/** The bill's route with some text replaced. */
export const billRoute = (...changes: readonly Change[]): NotifyingRoute => {
  const [route] = loadFrom({ 'bill.yaml': changedBill(...changes) })
  if (route?.kind !== 'notify') throw new Error('the bill has no route that notifies')
  return route
}

/** Calls off the invoice that the bill's customer is told of. */
export const VOID_ROUTE = `route: bill-void
cancels: { kind: invoice, id: customer.id }
topic: bills
event: jp.example.BillVoid
schema: bill.avsc
identity: { source: jp.example, id: eventId }
time: at
`

export const voidRoute = (...changes: readonly Change[]): CancellingRoute => {
  const [route] = loadFrom({ 'void.yaml': changed(VOID_ROUTE, changes) })
  if (route?.kind !== 'cancel') throw new Error('there is no route that calls off')
  return route
}

export type Change = readonly [from: string, to: string]

export const changedBill = (...changes: readonly Change[]): string => changed(BILL_ROUTE, changes)

export const changed = (route: string, changes: readonly Change[]): string =>
  changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`the route has no ${from}`)
    return text.replace(from, to)
  }, route)
