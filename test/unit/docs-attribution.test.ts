import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import avsc, { type Schema } from 'avsc'
import { expect, test } from 'vitest'

const PAGE = readFileSync('docs/attribution.md', 'utf8')
const blocksOf = (language: string): string[] =>
  [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, text = '']) => text)

const HOUR = 3_600_000
const FIRST = Date.parse('2026-08-03T00:00+09:00')
const at = (text: string) => Date.parse(`2026-08-${text}+09:00`)

/** As the page says it: what is usual, an afternoon on television, and 2,000 bills with what came after them. */
const USUAL = Array.from({ length: 28 }, (_, day) => [9.5, 12, 19].map((hour) => FIRST + (day * 24 + hour) * HOUR)).flat()
const TELEVISION = Array.from({ length: 6 }, (_, n) => at('04T12:10') + n * 60_000)
const BILLS = Array.from({ length: 2_000 }, (_, n) => at('25T10:00') + n * 1_800)
const AFTER_BILLS = Array.from({ length: 44 }, (_, n) => at('25T11:00') + n * 30 * 60_000)

const estimateOf = (deliveries: readonly (readonly [purpose: string, at: number])[], follows: readonly number[]) => {
  const database = new DatabaseSync(':memory:')
  const [tables = '', query = ''] = blocksOf('sql')
  database.exec(tables)
  const deliver = database.prepare('INSERT INTO delivery VALUES (?, ?, ?)')
  const follow = database.prepare('INSERT INTO follow VALUES (?, ?)')
  for (const [n, [purpose, time]] of deliveries.entries()) deliver.run(String(n), purpose, time)
  for (const [n, time] of follows.entries()) follow.run(String(n), time)
  return { ...database.prepare(query).get() }
}

const bills = (times: readonly number[]) => times.map((time) => ['bill-finalized', time] as const)

test('the estimate on the page is what its SQL makes of what it tells', () => {
  const [head = [], , row = []] = [...PAGE.matchAll(/^\|(.*)\|$/gm)]
    .map(([, cells = '']) => cells.split('|').map((cell) => cell.trim()))
    .slice(-3)
  const printed = Object.fromEntries(head.map((name, column) => [name, Number(row[column])]))
  expect(AFTER_BILLS.at(-1)).toBeLessThan(at('26T10:00'))
  const estimate = estimateOf(bills(BILLS), [...USUAL, ...TELEVISION, ...AFTER_BILLS])
  expect(estimate).toEqual(printed)

  // Counted once more, by hand: the day after 10:00 on the 25th, and the same of the three weeks before.
  const within = (week: number) =>
    [...USUAL, ...TELEVISION, ...AFTER_BILLS].filter(
      (time) => time >= at('25T10:00') - week * 168 * HOUR && time < at('26T10:00') - week * 168 * HOUR,
    ).length
  expect([0, 1, 2, 3].map(within)).toEqual([printed.follows, printed.least, printed.least, printed.most])
  expect(printed.expected).toBe((within(1) + within(2) + within(3)) / 3)
  expect(PAGE).toContain(`**an estimate of ${printed.estimate}, or ${(Number(printed.estimate) / 2_000) * 1_000} for a thousand`)
})

test('hours after another purpose are no measure, and who sends every day has none', () => {
  const before = [['outage', at('18T09:00')] as const]
  expect(estimateOf([...bills(BILLS), ...before], [...USUAL, ...AFTER_BILLS, at('18T12:00')])).toMatchObject({
    comparable: 24,
    estimate: 44,
  })
  const daily = bills(Array.from({ length: 28 }, (_, day) => FIRST + day * 24 * HOUR))
  expect(estimateOf(daily, USUAL)).toMatchObject({ comparable: 0, estimate: null })
})

test('a kind of notification that brings nobody is estimated to bring nobody', () => {
  expect(estimateOf(bills(BILLS), USUAL)).toMatchObject({ follows: 3, expected: 3, estimate: 0 })
})

test('the example records are of the schemas, and of one link', () => {
  const records = blocksOf('json').map((text) => JSON.parse(text))
  const schemas = ['friend-event', 'attribution'].map((name) => JSON.parse(readFileSync(`schemas/results/${name}.avsc`, 'utf8')))
  for (const [index, schema] of schemas.entries()) {
    const type = avsc.Type.forSchema(schema as Schema, { wrapUnions: 'never' })
    expect(type.isValid(records[index], { noUndeclaredFields: true })).toBe(true)
    expect(Object.keys(records[index])).toEqual(schema.fields.map(({ name }: { readonly name: string }) => name))
  }
  const [friend, attribution] = records
  for (const field of ['webhookEventId', 'notificationId', 'userId']) expect(friend[field]).toBe(attribution[field])
  expect(friend.occurredAt).toBe(attribution.linkedAt)
  expect(Buffer.from(friend.nonce.slice(0, 48), 'base64url').toString('hex', 4, 20)).toBe(friend.notificationId)
  // 128 bits at the least beside the token.
  expect(friend.nonce.length - 48).toBeGreaterThanOrEqual(22)
})
