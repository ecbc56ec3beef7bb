import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Route } from '../../src/intake/route.ts'
import { loadRoutes } from '../../src/intake/routes.ts'
import { violationsOf } from '../../src/providers/line/content-rules.ts'

export const SURROUNDINGS = {
  channels: ['main', 'support'],
  defaults: { country: 'JP', zone: 'Asia/Tokyo', quietHours: { from: '21:00', until: '08:00' } },
  violationsOf,
} as const

const customer = {
  type: 'record',
  name: 'Customer',
  fields: [
    { name: 'id', type: ['null', 'string'], default: null },
    { name: 'phone', type: ['null', 'string'], default: null },
    { name: 'timeZone', type: ['null', 'string'], default: null },
    { name: 'name', type: ['null', 'string'], default: null },
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

export const loadFrom = (files: Files): Route[] =>
  loadRoutes({ ...SURROUNDINGS, directory: folderOf({ 'bill.avsc': BILL, ...files }) })

/** The bill's route with some text replaced. */
export const billRoute = (...changes: readonly (readonly [from: string, to: string])[]): Route => {
  const [route] = loadFrom({ 'bill.yaml': changedBill(...changes) })
  if (!route) throw new Error('the bill has no route')
  return route
}

export const changedBill = (...changes: readonly (readonly [from: string, to: string])[]): string =>
  changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`the bill's route has no ${from}`)
    return text.replace(from, to)
  }, BILL_ROUTE)
