import { expect } from 'vitest'
import { departureOf, isWaiting } from '../../src/domain/draft.ts'
import { compareDeparture } from '../../src/domain/entry.ts'
import type { Result } from '../../src/domain/result.ts'
import { HOUR, NIGHT } from './notification-builder.ts'
import type { Attempt, Taken, World } from './step-world.ts'

/** What must hold after every step, whatever happened. Reads results and intentions only as the outside world does. */
export const createPromises = () => {
  const results = new Map<string, Result[]>()
  const tags = new Set<string>()
  const names = new Set<string>()
  let position = { requests: 0, feedback: 0 }

  return {
    resultsOf: (id: string): readonly Result[] => results.get(id) ?? [],
    terminalsOf: (id: string): readonly Result[] => (results.get(id) ?? []).filter(({ terminal }) => terminal),
    check: (world: World, { changes, now, owner, silentTo, before }: Taken): void => {
      expect(changes.position.requests, 'the position never goes back').toBeGreaterThanOrEqual(position.requests)
      expect(changes.position.feedback, 'the position never goes back').toBeGreaterThanOrEqual(position.feedback)
      position = changes.position

      for (const result of changes.results) {
        const earlier = results.get(result.notificationId) ?? []
        results.set(result.notificationId, [...earlier, result])
        expect(result.sequence, 'sequences are dense').toBe(earlier.length)
        expect(names.has(result.resultId), 'no result has the name of another').toBe(false)
        names.add(result.resultId)
        const end = earlier.find(({ terminal }) => terminal)
        expect(result.corrects, 'after the end there is only a correction of it').toBe(end?.resultId ?? null)
        if (end) expect(result.terminal, 'a correction is not another end').toBe(false)
        expect(
          earlier.some(({ corrects }) => corrects),
          'nothing follows a correction',
        ).toBe(false)
        if (result.status === 'unconfirmed')
          expect(before.get(result.notificationId)?.settleAt, 'silence is judged behind the barrier').toBeLessThanOrEqual(
            silentTo,
          )
        if (result.status === 'unknown' && result.reason === 'crash')
          expect(owner.orphansFrom, 'orphans are judged behind the barrier').toBeLessThanOrEqual(silentTo)
      }

      for (const entry of changes.entries) {
        if (entry.state === 'done') expect(entry.sealed, 'what has ended is forgotten').toBeNull()
        else expect(entry.sealed, 'what has not ended can be sent').not.toBeNull()
        expect(entry.status, 'an entry remembers what was last said').toBe(
          results.get(entry.notificationId)?.at(-1)?.status ?? 'received',
        )
      }

      expect(changes.intentions.length, 'no more intentions than permits').toBeLessThanOrEqual(world.permits)
      for (const intention of changes.intentions) {
        const { deliveryTag, notificationId, startBy } = intention
        expect(tags.has(deliveryTag), 'no tag is used twice').toBe(false)
        tags.add(deliveryTag)
        const entry = changes.entries.find((each) => each.notificationId === notificationId)
        const notification = entry?.notification
        if (!notification) throw new Error('an intention without an entry')
        expect(startBy).toBeGreaterThan(now)
        expect(startBy).toBeLessThanOrEqual(Math.min(now + 2_000, notification.expiresAt ?? Number.POSITIVE_INFINITY))
        if (notification.quietHours) {
          expect(isNight(now), 'nothing is sent in quiet hours').toBe(false)
          expect(isNight(startBy - 1), 'nothing is started in quiet hours').toBe(false)
        }
        const earlier = world.attempts.filter((attempt) => attempt.notificationId === notificationId)
        for (const attempt of earlier) checkOver(attempt, notification.unknownPolicy)
      }

      const sent = changes.intentions.flatMap(({ notificationId }) =>
        changes.entries.filter((e) => e.notificationId === notificationId),
      )
      const all = new Map([...world.entries(), ...changes.entries].map((entry) => [entry.notificationId, entry]))
      const waiting = [...all.values()].filter((entry) => isWaiting(entry, now))
      for (const [i, entry] of sent.entries())
        for (const later of [...sent.slice(i + 1), ...waiting])
          expect(compareDeparture(departureOf(entry), departureOf(later)), 'the order of departure is kept').toBeLessThan(0)
    },
  }
}

/** Before another attempt, the last one must be over: certainly not sent, or, by the policy `resend`, given up. */
const checkOver = ({ told }: Attempt, policy: 'give-up' | 'resend'): void => {
  expect(
    told.map(({ kind }) => kind),
    'what was accepted is not sent again',
  ).not.toContain('accepted')
  if (policy === 'give-up')
    expect(
      told.some(({ kind }) => kind === 'not-sent'),
      'nothing is sent again unless it was certainly not sent',
    ).toBe(true)
}

/** By arithmetic: Tokyo is nine hours ahead, all year. */
const isNight = (at: number): boolean => {
  const hour = Math.floor(at / HOUR + 9) % 24
  return hour >= Number.parseInt(NIGHT.from, 10) || hour < Number.parseInt(NIGHT.until, 10)
}
