import { expect, test } from 'vitest'
import { NIGHT_ZONE, nightUntil } from '../../dev/demo/night.ts'
import { nextQuietStart, quietUntil } from '../../src/domain/quiet-hours.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

test.each(Array.from({ length: 48 }, (_, half) => [`${String(half >> 1).padStart(2, '0')}:${half % 2 ? '30' : '00'}`, half]))(
  'a demo at %s UTC holds back who lives in Bangkok, and nobody in Japan or Taiwan',
  (_, half) => {
    const now = Date.UTC(2026, 7, 10) + half * (DAY_MS / 48) - 3_210
    const { quietHours: window, endsAt } = nightUntil(now + 20_000)
    const quietHours = { windows: [{ ...window, on: null }], holidays: [], spreadMs: 0 }
    expect(endsAt - now).toBeGreaterThanOrEqual(20_000)
    expect(endsAt - now).toBeLessThan(21_000)
    for (const instant of [now, endsAt - 1]) expect(quietUntil(instant, NIGHT_ZONE, quietHours)).toBe(endsAt)
    for (const instant of [now, now + 2 * MINUTE_MS])
      for (const zone of ['Asia/Tokyo', 'Asia/Taipei']) {
        expect(quietUntil(instant, zone, quietHours)).toBeNull()
        expect(nextQuietStart(instant, zone, quietHours) - instant).toBeGreaterThan(60 * MINUTE_MS)
      }
    expect(quietUntil(endsAt, NIGHT_ZONE, quietHours)).toBeNull()
  },
)
