import { describe, expect, test } from 'vitest'
import type { QuietWindow } from '../../src/domain/request.ts'
import { quietHoursFor, routeQuietHours } from '../../src/intake/route-quiet-hours.ts'

const NIGHT: QuietWindow = { from: '21:00', until: '08:00', on: null }
const HOLIDAYS: QuietWindow = { from: '08:00', until: '10:00', on: ['holiday'] }
const now = Temporal.Instant.from('2026-06-15T12:00Z').epochMilliseconds
const holidays = {
  JP: ['2026-06-12', '2026-06-13', '2026-06-14', '2026-07-16', '2026-07-17', '2026-07-18'],
  TW: ['2026-06-20'],
}
const defaults = { quietHours: [NIGHT, HOLIDAYS], releaseSpreadMs: 60_000, holidays }

describe('a route', () => {
  test.each([
    ['that says nothing and can wait has the configured windows', 'default', 'payment-due', [NIGHT, HOLIDAYS]],
    ['that says nothing and answers a person has none', 'default', 'payment-completed', null],
    ['that wants none has none', 'none', 'payment-due', null],
    ['with windows of its own has those', [NIGHT], 'payment-due', [NIGHT]],
    ['with windows of its own has those, whatever its purpose', [NIGHT], 'outage', [NIGHT]],
  ] as const)('%s', (_, quietHours, purpose, windows) => {
    expect(routeQuietHours({ quietHours, purpose }, defaults)?.windows ?? null).toEqual(windows)
  })

  test('has none if the configuration has none', () => {
    expect(routeQuietHours({ quietHours: 'default', purpose: 'reminder' }, { ...defaults, quietHours: null })).toBeNull()
  })

  test('spreads releases as the configuration says', () => {
    expect(routeQuietHours({ quietHours: [NIGHT], purpose: 'reminder' }, defaults)?.spreadMs).toBe(60_000)
  })
})

describe('a notification carries', () => {
  const quietHours = routeQuietHours({ quietHours: 'default', purpose: 'reminder' }, defaults)

  test('the holidays near it, of the recipient’s country', () => {
    expect(quietHoursFor({ quietHours }, 'JP', now)).toEqual({
      windows: [NIGHT, HOLIDAYS],
      spreadMs: 60_000,
      holidays: ['2026-06-13', '2026-06-14', '2026-07-16', '2026-07-17'],
    })
    expect(quietHoursFor({ quietHours }, 'TW', now)?.holidays).toEqual(['2026-06-20'])
  })

  test('no holidays for a country that has none listed', () => {
    expect(quietHoursFor({ quietHours }, 'TH', now)?.holidays).toEqual([])
  })

  test('no holidays if no window means them', () => {
    const nights = routeQuietHours({ quietHours: [NIGHT], purpose: 'reminder' }, defaults)
    expect(quietHoursFor({ quietHours: nights }, 'JP', now)?.holidays).toEqual([])
  })

  test('nothing if its route has no quiet hours', () => expect(quietHoursFor({ quietHours: null }, 'JP', now)).toBeNull())
})
