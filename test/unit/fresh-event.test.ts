import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Route } from '../../src/intake/route.ts'
import { freshEvent } from '../../src/produce/fresh-event.ts'
import { shiftBetween, shifted } from '../../src/produce/shifted.ts'
import { loadRoutes, SURROUNDINGS } from './route-folder.ts'

const routes = loadRoutes({ ...SURROUNDINGS, directory: 'routes' })
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

test('a fresh event has a new id, happens now, and its times keep their distance; all else is as it was', () => {
  const was = exampleOf('outage-notice')
  const now = was.occurredAt + 100 * DAY_MS + HOUR_MS
  expect(freshEvent(was, routeOf('outage-notice'), { now, id: 'new' })).toEqual({
    ...was,
    eventId: 'new',
    occurredAt: now,
    startedAt: was.startedAt + now - was.occurredAt,
    expectedRestorationAt: was.expectedRestorationAt + now - was.occurredAt,
  })
})

test('a date moves by days of the calendar', () => {
  const was = exampleOf('payment-due')
  // 2026-08-24 10:00 in Japan; the bill is due on 2026-08-31, in seven days.
  const late = Date.parse('2026-12-01T23:30:00+09:00')
  expect(freshEvent(was, routeOf('payment-due'), { now: late, id: 'new' })).toMatchObject({ dueDate: '2026-12-08' })
})

test('of every shipped example a fresh one is made, within the age its route allows', () => {
  for (const route of routes) {
    const now = Date.parse('2027-03-01T12:00:00Z')
    const fresh = freshEvent(exampleOf(route.id), route, { now, id: 'new' })
    expect([route.id, fresh]).toEqual([route.id, expect.objectContaining({ eventId: 'new', occurredAt: now })])
  }
})

test.each([
  ['an instant keeps its offset', '2026-08-10T14:30:00+09:00', '2026-08-11T16:30:00+09:00'],
  ['an instant in UTC', '2026-08-10T14:30:00Z', '2026-08-11T16:30:00Z'],
  ['a clock time without an offset', '2026-08-10T14:30', '2026-08-11T16:30:00'],
  ['a date', '2026-08-31', '2026-09-01'],
  ['a text that is no time', 'R-2026-08-31', 'R-2026-08-31'],
])('%s', (_, text, moved) => {
  const schema = { type: 'record', name: 'E', fields: [{ name: 'at', type: ['null', 'string'] }] }
  expect(shifted({ at: text }, schema, { ms: 26 * HOUR_MS, days: 1 })).toEqual({ at: moved })
})

test('a plain long stays: it may be anything', () => {
  const schema = { type: 'record', name: 'E', fields: [{ name: 'meter', type: 'long' }] }
  expect(shifted({ meter: 1_786_295_820_000 }, schema, { ms: 1, days: 1 })).toEqual({ meter: 1_786_295_820_000 })
})

test.each([
  ['2026-08-10T23:00:00+09:00', '2026-08-11T01:00:00+09:00', 1],
  ['2026-08-10T01:00:00+09:00', '2026-08-10T23:00:00+09:00', 0],
  ['2026-08-10T12:00:00+09:00', '2026-08-01T12:00:00+09:00', -9],
])('from %s to %s it is %i days', (from, to, days) => {
  expect(shiftBetween(Date.parse(from), Date.parse(to), 'Asia/Tokyo').days).toBe(days)
})

interface Example {
  readonly occurredAt: number
  readonly startedAt: number
  readonly expectedRestorationAt: number
}

function exampleOf(name: string): Example {
  return JSON.parse(readFileSync(`examples/${name}.json`, 'utf8'))
}

function routeOf(name: string): Route {
  const route = routes.find(({ id }) => id === name)
  if (!route) throw new Error(`no route ${name}`)
  return route
}
