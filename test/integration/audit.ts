import { expect } from 'vitest'
import type { Installation } from './installation.ts'
import type { ObservedResult } from './results.ts'

/** What holds for every installation, whatever happened to it. Call it when nothing is under way any more. */
export const expectSound = async (at: Installation): Promise<void> => {
  await at.results.caughtUp()
  const results = at.results.all()
  const byNotification = Map.groupBy(results, ({ notificationId }) => notificationId)

  expect(new Set(results.map(({ resultId }) => resultId)).size, 'every result has an id of its own').toBe(results.length)
  for (const each of byNotification.values()) expectOneLife(each)
  for (const result of results) expectCloudEvent(result)

  const sends = at.sends()
  expect(sends.flatMap(({ forbiddenHeaders }) => forbiddenHeaders)).toEqual([])
  const tags = sends.map(({ deliveryTag }) => deliveryTag ?? 'none')
  expect(new Set(tags).size, 'no delivery tag is used twice').toBe(tags.length)
  for (const tag of tags) expect(tag).toMatch(/^[A-Za-z0-9_-]{16,50}$/)
  expectKnownSends(at, byNotification)
}

const expectOneLife = (results: readonly ObservedResult[]): void => {
  const [first] = results
  expect(
    results.map(({ sequence }) => sequence),
    `sequences of ${first?.notificationId}`,
  ).toEqual(results.map((_, index) => index))
  const ends = results.filter(({ terminal }) => terminal)
  expect(ends.length, `ends of ${first?.notificationId}`).toBe(1)
  const after = results.slice(results.findIndex(({ terminal }) => terminal) + 1)
  expect(after.map(({ corrects }) => corrects)).toEqual(after.length > 0 ? [ends[0]?.resultId] : [])
  // The place of the record is the same in all of them.
  expect(new Set(results.map(({ source }) => JSON.stringify(source))).size).toBe(1)
}

const expectCloudEvent = ({ record, resultId, notificationId, status }: ObservedResult): void => {
  expect(record.key).toBe(notificationId)
  expect(record.headers).toMatchObject({
    ce_specversion: '1.0',
    ce_id: resultId,
    ce_source: 'tsuchi',
    ce_type: `dev.tsuchi.notification.${status}`,
  })
}

/** Nothing was sent that results do not tell of, and nothing more often than they say. */
const expectKnownSends = (at: Installation, byNotification: ReadonlyMap<string, readonly ObservedResult[]>): void => {
  const owner = new Map<string, string>()
  for (const [notificationId, results] of byNotification)
    for (const { deliveryTag } of results) if (deliveryTag !== null) owner.set(deliveryTag, notificationId)
  const sent = Map.groupBy(at.sends(), ({ deliveryTag }) => owner.get(deliveryTag ?? '') ?? 'nobody')
  if (at.config.results.progress) expect(sent.get('nobody') ?? []).toEqual([])
  for (const [notificationId, results] of byNotification) {
    const attempts = Math.max(...results.map((result) => result.attempts))
    expect(sent.get(notificationId)?.length ?? 0, `POSTs of ${notificationId}`).toBeLessThanOrEqual(attempts)
  }
}
