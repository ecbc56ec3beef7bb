import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { routeSchema } from '../../src/intake/route-schema.ts'
import { BILL_ROUTE, type Change, changedBill, VOID_ROUTE } from './route-folder.ts'

const SHIPPED = JSON.parse(readFileSync('schemas/route.schema.json', 'utf8'))
const ROUTES = readdirSync('routes').filter((name) => name.endsWith('.yaml'))

type Validate = ((value: unknown) => boolean) & { readonly errors: unknown }
// Comes with the registry's client, and knows nothing of how the schema was made.
const { default: Ajv }: { default: new (options: object) => { compile(schema: object): Validate } } = createRequire(
  import.meta.url,
)('ajv')
const isRoute = new Ajv({ strict: false }).compile(SHIPPED)

test('the shipped schema is that of the code: `npm run route-schema` writes it', () => {
  expect(SHIPPED).toEqual(JSON.parse(JSON.stringify(routeSchema())))
})

test.each(ROUTES)('%s is valid, and names the schema to editors', (name) => {
  const text = readFileSync(`routes/${name}`, 'utf8')
  expect(text).toMatch(/^# yaml-language-server: \$schema=\.\.\/schemas\/route\.schema\.json\n/)
  isRoute(parse(text))
  expect(isRoute.errors).toBeNull()
})

describe('the schema', () => {
  test.each([
    ['a bill', BILL_ROUTE],
    ['a cancellation', VOID_ROUTE],
    ['quiet hours', changedBill(['expires: due', 'quietHours: [{ from: "21:00", until: "08:00", on: [sat, holiday] }]'])],
    ['a review', changedBill(['expires: due', 'review: { id: "1", approvedAt: 2026-08-10, fingerprint: "0123456789abcdef" }'])],
  ])('takes %s', (_, text) => expect(isRoute(parse(text))).toBe(true))

  test.each<[what: string, change: Change]>([
    ['an unknown setting', ['fallback: sms', 'falback: sms']],
    ['an unknown purpose', ['bill-finalized', 'sale']],
    ['a missing topic', ['topic: bills\n', '']],
    ['a duration in words', ['expires: due', 'maxAge: 1 day']],
    ['a window that never ends', ['expires: due', 'quietHours: { from: "21:00" }']],
    ['a setting of the other form', ['expires: due', 'cancels: { kind: a, id: due }']],
    ['both kinds of message', ['message:', 'message:\n  template: { templateKey: a }']],
  ])('refuses %s', (_, change) => expect(isRoute(parse(changedBill(change)))).toBe(false))

  test('says of every setting what it is', () => {
    expect(undescribed(SHIPPED, '')).toEqual([])
  })
})

/** Settings without a description, at any depth. */
function undescribed(schema: unknown, path: string): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  return Object.entries(schema).flatMap(([name, child]) => {
    if (name !== 'properties') return undescribed(child, `${path}/${name}`)
    return Object.entries(child).flatMap(([setting, each]) => [
      ...(typeof each === 'object' && each !== null && 'description' in each ? [] : [`${path}/${setting}`]),
      ...undescribed(each, `${path}/${setting}`),
    ])
  })
}
