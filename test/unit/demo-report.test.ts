import { expect, test } from 'vitest'
import { formatMoney } from '../../dev/demo/cost.ts'
import { differences, formatTable } from '../../dev/demo/outcome-table.ts'
import { cutTo, padEnd, widthOf } from '../../src/preview/text-width.ts'

test.each([
  ['reminder', 8],
  ['リマインド', 10],
  ['ﾘﾏｲﾝﾄﾞ', 6],
  ['支払期限 due', 12],
  ['０６０−１', 9],
  ['か\u3099', 2],
])('%s takes %i columns', (text, columns) => {
  expect(widthOf(text)).toBe(columns)
  expect(widthOf(padEnd(text, 20))).toBe(20)
})

test('a text is cut before the character that does not fit', () => {
  expect(cutTo('障害のお知らせ', 5)).toBe('障害')
})

test('all lines of the table are equally wide, whatever the script', () => {
  const table = formatTable({ reminder: { accepted: 153, duplicate: 4 }, outage: { accepted: 1 }, none: { poison: 1 } })
  expect(table).toMatchInlineSnapshot(`
    "                     accepted  duplicate  poison  sum
    -----------------------------------------------------
    リマインド reminder       153          4       -  157
    障害 outage                 1          -       -    1
    不明 (unreadable)           -          -       1    1
    -----------------------------------------------------
    sum                       154          4       1  159"
  `)
  expect(new Set(table.split('\n').map(widthOf)).size).toBe(1)
})

test('what differs from the intended is named, whichever side lacks it', () => {
  const table = { reminder: { accepted: 2, unconfirmed: 1 }, none: { poison: 1 } }
  expect(differences(table, table)).toEqual([])
  expect(differences(table, { reminder: { accepted: 3 }, outage: { accepted: 1 } })).toEqual([
    'reminder accepted: 2, intended 3',
    'reminder unconfirmed: 1, intended 0',
    'none poison: 1, intended 0',
    'outage accepted: 0, intended 1',
  ])
})

test.each([
  [35_000n, 'JPY 3.50'],
  [17_850_000n, 'JPY 1,785.00'],
  [12_345n, 'JPY 1.2345'],
])('%d ten-thousandths are %s', (amount, text) => {
  expect(formatMoney(amount, 'JPY')).toBe(text)
})
