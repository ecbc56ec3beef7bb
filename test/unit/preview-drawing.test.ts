import { expect, test } from 'vitest'
import type { Message } from '../../src/domain/message.ts'
import { drawMessage } from '../../src/preview/draw-message.ts'
import { bold, cutLine, formatLine, type Line, plain, wrapLine } from '../../src/preview/styled-line.ts'
import { widthOf } from '../../src/preview/text-width.ts'
import { SHIPPED_CATALOGUE } from '../../src/providers/line/catalogue.ts'
import { frameOf, look } from './preview-fixture.ts'

const shown = (lines: readonly Line[]): string[] => lines.map((line) => formatLine(line, { color: false }))
const draw = (message: Message): string[] => shown(drawMessage(message, SHIPPED_CATALOGUE))
const flex = (body: object): string[] =>
  draw({ endpoint: 'flexible', messages: [{ type: 'flex', altText: 'alt', contents: { type: 'bubble', body } }] })

test('payment-due is drawn as on a phone: paragraphs wrapped, columns by their weights, the button with its link', async () => {
  expect(frameOf(await look('examples/payment-due.json', { at: '2026-08-24T10:00:00+09:00' })).join('\n')).toBe(
    `
┌──────────────────────────────────────────┐
│ お支払い期限のお知らせ                   │
│                                          │
│ 山田 花子様、さくら電力のご請求のお支払  │
│ い期限が近づいています。                 │
│ ──────────────────────────────────────── │
│ ご請求金額       12,800円                │
│ お支払い期限     2026年8月31日(月)       │
│ 請求番号         INV-2026-08-004211      │
│                                          │
│ すでにお支払い済みの場合は、行き違いをご │
│ 容赦ください。                           │
│                                          │
│           [ お支払い手続きへ ]           │
│ https://pay.example.jp/invoices/INV-202… │
└──────────────────────────────────────────┘`.trim(),
  )
})

test('order-ready is drawn as one of LINE’s templates: its title and text, labels before the items, buttons', async () => {
  expect(frameOf(await look('examples/order-ready.json', { at: '2026-08-10T12:00:00+09:00' })).join('\n')).toBe(
    `
┌──────────────────────────────────────────┐
│ ご注文商品完成のお知らせ                 │
│                                          │
│ 商品が完成いたしましたので、お知らせいた │
│ します。                                 │
│                                          │
│ 受取店舗名: みらい眼鏡 川崎店            │
│ ──────────────────────────────────────── │
│          [ お店の場所はこちら ]          │
│  https://shop.example.jp/shops/kawasaki  │
│          [ 注文履歴を確認する ]          │
│ https://shop.example.jp/orders/A-204815  │
└──────────────────────────────────────────┘`.trim(),
  )
})

test('outage-notice is drawn for each recipient with what differs between them', async () => {
  const told = await look('examples/outage-notice.json', { at: '2026-08-10T02:40:00+09:00', most: 2 })
  expect(frameOf(told).join('\n')).toBe(
    `
┌──────────────────────────────────────────┐
│ 障害発生のお知らせ                       │
│                                          │
│ 佐藤 太郎様がご利用の光インターネットに  │
│ 障害が発生しています。ご不便をおかけし、 │
│ 申し訳ございません。                     │
│ ──────────────────────────────────────── │
│ 対象地域         川崎市中原区            │
│ 発生日時         8月10日(月) 2:05        │
│ 復旧見込み       8月10日(月) 6:00頃      │
│ 障害番号         INC-20260810-01（第1    │
│                  報）                    │
│                                          │
│         [ 最新の状況を確認する ]         │
│ https://status.example.jp/incidents/INC… │
└──────────────────────────────────────────┘
┌──────────────────────────────────────────┐
│ 障害発生のお知らせ                       │
│                                          │
│ お客様がご利用の光インターネットに障害が │
│ 発生しています。ご不便をおかけし、申し訳 │
│ ございません。                           │
│ ──────────────────────────────────────── │
│ 対象地域         川崎市中原区            │
│ 発生日時         8月10日(月) 2:05        │
│ 復旧見込み       8月10日(月) 6:00頃      │
│ 障害番号         INC-20260810-01（第1    │
│                  報）                    │
│                                          │
│         [ 最新の状況を確認する ]         │
│ https://status.example.jp/incidents/INC… │
└──────────────────────────────────────────┘`.trim(),
  )
})

test('text messages and carousels are drawn one after the other, under the text that a notification shows', () => {
  const bubble = (text: string) => ({
    type: 'bubble',
    body: { type: 'box', layout: 'vertical', contents: [{ type: 'text', text }] },
  })
  const messages = [
    { type: 'flex', altText: '二つの予約', contents: { type: 'carousel', contents: [bubble('一つ目'), bubble('二つ目')] } },
    { type: 'text', text: '受付番号 12\n窓口へどうぞ' },
  ]
  expect(draw({ endpoint: 'flexible', messages }).join('\n')).toBe(
    `
push notification and talk list: 二つの予約
1 of 2, side by side:
┌──────────────────────────────────────────┐
│ 一つ目                                   │
└──────────────────────────────────────────┘
2 of 2, side by side:
┌──────────────────────────────────────────┐
│ 二つ目                                   │
└──────────────────────────────────────────┘
┌──────────────────────────────────────────┐
│ 受付番号 12                              │
│ 窓口へどうぞ                             │
└──────────────────────────────────────────┘`.trim(),
  )
})

test('parts of a bubble stay apart, separators and columns of natural width are where they are', () => {
  const contents = {
    type: 'bubble',
    header: { type: 'box', layout: 'vertical', contents: [{ type: 'text', text: '見出し', align: 'center' }] },
    body: {
      type: 'box',
      layout: 'horizontal',
      contents: [
        { type: 'text', text: '合計', flex: 0 },
        { type: 'text', text: '¥1,200', align: 'end' },
      ],
    },
    footer: {
      type: 'box',
      layout: 'vertical',
      contents: [
        {
          type: 'text',
          contents: [
            { type: 'span', text: '二つの' },
            { type: 'span', text: '部分' },
          ],
        },
      ],
    },
    styles: { footer: { separator: true } },
  }
  expect(
    draw({ endpoint: 'flexible', messages: [{ type: 'flex', altText: 'alt', contents }] })
      .slice(1)
      .join('\n'),
  ).toBe(
    `
┌──────────────────────────────────────────┐
│                  見出し                  │
│                                          │
│ 合計                              ¥1,200 │
│ ──────────────────────────────────────── │
│ 二つの部分                               │
└──────────────────────────────────────────┘`.trim(),
  )
})

test('of a template that the catalogue has no text for, the keys are shown, and that the title is not known', () => {
  const items = [{ itemKey: 'unheard_of_ja', content: '三番窓口' }]
  expect(draw({ endpoint: 'template', templateKey: 'new_one_ja', body: { items } }).join('\n')).toBe(
    `
┌──────────────────────────────────────────┐
│ title not known: the catalogue has no    │
│ text for new_one_ja                      │
│                                          │
│ unheard_of_ja: 三番窓口                  │
└──────────────────────────────────────────┘`.trim(),
  )
})

test('a text that is not to wrap ends in an ellipsis, as it does on a phone', () => {
  const [, , line] = flex({ type: 'box', layout: 'vertical', contents: [{ type: 'text', text: '長'.repeat(30) }] })
  expect(line).toBe(`│ ${'長'.repeat(19)}…  │`)
})

test.each([
  ['English words', 'Your table for two is booked for tonight', ['Your table for two', 'is booked for', 'tonight']],
  ['a long word', `see ${'x'.repeat(25)}`, ['see', 'x'.repeat(20), 'xxxxx']],
  ['no full stop at the start of a line', '一二三四五六七八九十。', ['一二三四五六七八九', '十。']],
  [
    'emoji of several code points',
    '👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧⚠️',
    ['👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧', '⚠️'],
  ],
])('%s wrap as people would break them', (_what, text, lines) => {
  expect(shown(wrapLine(plain(text), 20))).toEqual(lines)
})

test('every line of a frame has the same width, whatever is in it', () => {
  const texts = ['ﾊﾝｶｸ ｶﾞ', 'Grüße 🎉 und mehr', 'ราคา ๑๒๓ บาท', '全角ＡＢＣ', '〜「」…', 'が'.normalize('NFD')]
  const columns = texts.map((text) => ({
    type: 'box',
    layout: 'baseline',
    contents: [
      { type: 'text', text, flex: 3, wrap: true },
      { type: 'text', text, flex: 2 },
      { type: 'text', text, flex: 0 },
    ],
  }))
  const frame = flex({ type: 'box', layout: 'vertical', contents: columns }).slice(1)
  expect(new Set(frame.map(widthOf))).toEqual(new Set([44]))
})

test('a cut line is never wider than its room, also in the middle of a wide character', () => {
  for (const width of [1, 2, 3, 4, 5])
    expect(widthOf(shown([cutLine(plain('通知通知'), width)]).join(''))).toBeLessThanOrEqual(width)
})

test('bold is for terminals with colours alone', () => {
  const message: Message = { endpoint: 'template', templateKey: 'order_item_completion_ja', body: {} }
  const [, title = []] = drawMessage(message, SHIPPED_CATALOGUE)
  expect(formatLine(title, { color: true })).toContain('\u001b[1mご注文商品完成のお知らせ\u001b[22m')
  expect(formatLine(title, { color: false })).not.toContain('\u001b')
})

test('what an event says cannot steer the terminal', () => {
  expect(formatLine([...plain('a\u001b[2J\r\n'), ...bold('b\u202e')], { color: true })).toBe('a�[2J��\u001b[1mb�\u001b[22m')
  const frame = flex({ type: 'box', layout: 'vertical', contents: [{ type: 'text', text: '\u001b]0;owned\u0007', wrap: true }] })
  expect(frame.join('')).not.toMatch(/\p{Cc}/u)
})
