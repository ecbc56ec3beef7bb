import { expect, test } from 'vitest'
import type { TemplateMessage } from '../../src/domain/message.ts'
import { refuseFlexible } from '../../src/line-simulator/flexible-rules.ts'
import { refuseTemplate } from '../../src/line-simulator/template-rules.ts'
import { SHIPPED_CATALOGUE } from '../../src/providers/line/catalogue.ts'
import { violationsOf } from '../../src/providers/line/content-rules.ts'

/** The simulator's rules and ours are written independently, from LINE's documentation. What the simulator refuses must not pass ours: a
 *  400 for each person is what they are there to prevent. Ours may be the stricter. */

type Json = { readonly [key: string]: unknown }
type Sent = readonly Json[]

const TO = '0'.repeat(64)
const text = (text: unknown) => ({ type: 'text', text })
const location = (rest: object) => ({ type: 'location', title: 'a', address: 'b', latitude: 1, longitude: 1, ...rest })
const flex = (contents: unknown, altText: unknown = 'a') => ({ type: 'flex', altText, contents })
const box = (contents: unknown, rest: object = {}) => ({ type: 'box', layout: 'vertical', contents, ...rest })
const bubble = (...contents: unknown[]) => flex({ type: 'bubble', body: box(contents) })
const block = (body: unknown) => flex({ type: 'bubble', body })
const uri = { type: 'uri', label: 'a', uri: 'https://example.com/' }
const tap = (action: unknown) => bubble({ type: 'button', action })
const link = (uri: unknown) => tap({ type: 'uri', label: 'a', uri })
const panels = (template: unknown, altText: unknown = 'a') => ({ type: 'template', altText, template })
const boxes = (depth: number) =>
  Array.from({ length: depth }).reduce<unknown>((within) => box([within]), { type: 'text', text: 'a' })
const times = (count: number, value: unknown) => Array.from({ length: count }, () => value)

const REFUSED: readonly (readonly [what: string, ...Sent])[] = [
  ['no message'],
  ['six messages', ...times(6, text('a')).map(() => text('a'))],
  ...[{}, { type: null }, { type: 'zzz' }, { type: 'image' }, { type: 'imagemap' }, { type: 'video' }, { type: 'audio' }].map(
    (message) => [`a message ${JSON.stringify(message)}`, message] as const,
  ),
  ['a coupon', { type: 'coupon', couponId: 'a' }],
  ...[undefined, null, '', 5, 'x'.repeat(5_001)].map(
    (each) => [`a text that is ${String(each).slice(0, 9)}`, text(each)] as const,
  ),
  ['a text of the second version without one', { type: 'textV2' }],
  ...[undefined, null, '', 'x'.repeat(1_501)].map(
    (alt) => [`an altText that is ${String(alt).slice(0, 9)}`, { ...bubble(text('a')), altText: alt }] as const,
  ),
  ['a sticker without anything', { type: 'sticker' }],
  ['a sticker without its package', { type: 'sticker', stickerId: '1', packageId: '' }],
  ['a place without anything', { type: 'location' }],
  ...['title', 'address', 'latitude', 'longitude'].flatMap((field) =>
    ['', null].map((value) => [`a place whose ${field} is ${JSON.stringify(value)}`, location({ [field]: value })] as const),
  ),

  ...[undefined, null, 'a', [], {}, { type: 'zzz' }].map((each) => [`contents ${JSON.stringify(each)}`, flex(each)] as const),
  ['a bubble without a block', flex({ type: 'bubble' })],
  ['a bubble whose only block is null', flex({ type: 'bubble', body: null })],
  ...['a', 7, [], text('a'), { type: 'image', url: 'https://example.com/' }, { type: 'video' }].map(
    (each) => [`a block ${JSON.stringify(each)}`, block(each)] as const,
  ),
  ['a hero that is a picture', flex({ type: 'bubble', hero: { type: 'image' }, body: box([]) })],
  ['a box without layout', block({ type: 'box', contents: [] })],
  ['a box with another layout', block(box([], { layout: 'zzz' }))],
  ['a box without contents', block({ type: 'box', layout: 'vertical' })],
  ['a box whose contents are no list', block(box('a'))],
  ['boxes too deep', flex({ type: 'bubble', body: boxes(40) })],
  ...['a', null, 7, [], {}, { text: 'a' }, { type: null }, { type: 'zzz' }].map(
    (each) => [`a component ${JSON.stringify(each)}`, bubble(each)] as const,
  ),
  ...['image', 'video', 'icon', 'span', 'bubble', 'constructor'].map(
    (type) => [`a component ${type}`, bubble({ type, text: 'a' })] as const,
  ),
  ...[undefined, null, '', 7].map((each) => [`a text component that is ${JSON.stringify(each)}`, bubble(text(each))] as const),
  ...[[], null, 'a', ['a'], [null], [text('a')], [{ type: 'span' }], [{ type: 'span', text: '' }], [{ text: 'a' }]].map(
    (contents) => [`spans ${JSON.stringify(contents)}`, bubble({ type: 'text', contents })] as const,
  ),
  ['a carousel without bubbles', flex({ type: 'carousel' })],
  ['a carousel of none', flex({ type: 'carousel', contents: [] })],
  ['a carousel of 13', flex({ type: 'carousel', contents: times(13, bubble(text('a')).contents) })],
  ...['a', null, text('a'), { type: 'carousel', contents: [] }, { type: 'bubble' }].map(
    (each) => [`a carousel of ${JSON.stringify(each)}`, flex({ type: 'carousel', contents: [each] })] as const,
  ),
  ['a bubble too large', bubble(text('x'.repeat(31_000)))],
  ['a carousel too large', flex({ type: 'carousel', contents: times(12, bubble(text('x'.repeat(4_500))).contents) })],

  ...[undefined, null, 'a', [], {}, { type: 'zzz' }, { label: 'a' }, { type: 'constructor', label: 'a' }].map(
    (action) => [`an action ${JSON.stringify(action)}`, tap(action)] as const,
  ),
  ...[undefined, null, '', 'x'.repeat(41), '👨‍👩‍👧‍👦'.repeat(41)].map(
    (label) => [`a label that is ${String(label).slice(0, 12)}`, tap({ ...uri, label })] as const,
  ),
  ['a label too long, of a text', bubble({ ...text('a'), action: { ...uri, label: 'x'.repeat(41) } })],
  ['an action of a box that is none', bubble(box([], { action: {} }))],
  ['an action of a bubble that is none', flex({ type: 'bubble', body: box([]), action: { type: 'zzz' } })],
  ['an action of a separator that is none', bubble({ type: 'separator', action: 'a' })],
  ...[
    ['message', 'text'],
    ['postback', 'data'],
    ['clipboard', 'clipboardText'],
    ['datetimepicker', 'mode'],
    ['uri', 'uri'],
  ].flatMap(([type = '', field = '']) =>
    [undefined, null, '', 7].map((value) => {
      const action = { type, label: 'a', data: 'a', [field]: value }
      return [`an action ${type} with ${field} ${JSON.stringify(value)}`, tap(action)] as const
    }),
  ),
  ...['javascript:alert(1)', 'mailto:a@b', '/x', 'http://a b', 'https://例え.jp/', 'https://a.b/%zz', 'x'.repeat(1_001)].map(
    (each) => [`a link ${each.slice(0, 20)}`, link(each)] as const,
  ),
  ...['a', [], {}, { desktop: '' }, { desktop: 7 }, { desktop: 'ftp://a.b/' }].map(
    (altUri) => [`another link ${JSON.stringify(altUri)}`, tap({ ...uri, altUri })] as const,
  ),

  ...[undefined, null, 'a', {}, { type: 'zzz' }, { type: 'image_carousel', columns: [] }].map(
    (template) => [`a template ${JSON.stringify(template)}`, panels(template)] as const,
  ),
  ['a template without altText', panels({ type: 'buttons', text: 'a', actions: [uri] }, '')],
  ...['buttons', 'confirm'].flatMap((type) => [
    [`${type} without a text`, panels({ type, actions: [uri] })] as const,
    [`${type} with an empty text`, panels({ type, text: '', actions: [uri] })] as const,
    [`${type} without actions`, panels({ type, text: 'a' })] as const,
    [`${type} with no actions`, panels({ type, text: 'a', actions: [] })] as const,
    [`${type} with five`, panels({ type, text: 'a', actions: times(5, uri) })] as const,
    [`${type} with an action that is null`, panels({ type, text: 'a', actions: [null] })] as const,
    [`${type} without a label`, panels({ type, text: 'a', actions: [{ ...uri, label: undefined }] })] as const,
    [`${type} with a label of 21`, panels({ type, text: 'a', actions: [{ ...uri, label: 'x'.repeat(21) }] })] as const,
    [`${type} with a picture`, panels({ type, text: 'a', actions: [uri], thumbnailImageUrl: 'https://a.b/' })] as const,
  ]),
  ['columns that are none', panels({ type: 'carousel' })],
  ['eleven columns', panels({ type: 'carousel', columns: times(11, { text: 'a', actions: [uri] }) })],
  ...[null, 'a', {}, { text: 'a' }, { actions: [uri] }].map(
    (column) => [`a column ${JSON.stringify(column)}`, panels({ type: 'carousel', columns: [column] })] as const,
  ),
]

const ALLOWED: readonly (readonly [what: string, ...Sent])[] = [
  ['a text', text('a')],
  ['a sticker', { type: 'sticker', packageId: '446', stickerId: '1988' }],
  ['a place', location({})],
  ['a bubble without contents', bubble()],
  ['spans', bubble({ type: 'text', contents: [{ type: 'span', text: 'a' }] })],
  ['every component', bubble(text('a'), { type: 'separator' }, { type: 'filler' }, box([]), { type: 'button', action: uri })],
  ['every block', flex({ type: 'bubble', header: box([]), hero: box([]), body: box([]), footer: box([]) })],
  ['a carousel of 12', flex({ type: 'carousel', contents: times(12, bubble(text('a')).contents) })],
  ...['camera', 'cameraRoll', 'location'].map((type) => [`an action ${type}`, tap({ type, label: 'a' })] as const),
  ['an answer', tap({ type: 'message', label: 'a', text: 'a' })],
  ['a postback', tap({ type: 'postback', label: 'a', data: 'a' })],
  ['a text to copy', tap({ type: 'clipboard', label: 'a', clipboardText: 'a' })],
  ['a date', tap({ type: 'datetimepicker', label: 'a', data: 'a', mode: 'date' })],
  ['a link without label, of a text', bubble({ ...text('a'), action: { ...uri, label: undefined } })],
  ['another link', tap({ ...uri, altUri: { desktop: 'https://example.com/' } })],
  ['buttons', panels({ type: 'buttons', text: 'a', actions: times(4, uri) })],
  ['ten columns', panels({ type: 'carousel', columns: times(10, { text: 'a', actions: [uri] }) })],
]

const typed = (messages: Sent) => messages.map(({ type, ...rest }) => ({ type: typeof type === 'string' ? type : '', ...rest }))
const ours = (messages: Sent) => violationsOf({ endpoint: 'flexible', messages: typed(messages) }, null)
const simulators = (messages: Sent) => refuseFlexible(JSON.parse(JSON.stringify({ to: TO, messages })))

test.each(REFUSED.map(([what, ...messages]) => ({ what, messages })))('both refuse $what', ({ messages }) => {
  expect(simulators(messages)).toMatchObject({ status: 400 })
  expect(ours(messages)).not.toEqual([])
})

test.each(ALLOWED.map(([what, ...messages]) => ({ what, messages })))('both take $what', ({ messages }) => {
  expect(simulators(messages)).toBeUndefined()
  expect(ours(messages)).toEqual([])
})

const item = { itemKey: 'date_002_ja', content: 'a' }
const button = { buttonKey: 'contact_ja', url: 'https://example.com/' }

type Body = TemplateMessage['body']

test.each<[what: string, body: Body, templateKey?: string]>([
  ['a key that is empty', {}, ''],
  ['a key that nobody has', {}, 'zzz'],
  ['an item that nobody has', { items: [{ ...item, itemKey: 'zzz' }] }],
  ['a button that nobody has', { buttons: [{ ...button, buttonKey: 'zzz' }] }],
  ['an item without content', { items: [{ ...item, content: '' }] }],
  ['an item that is too long', { items: [{ ...item, content: 'x'.repeat(301) }] }],
  ['an emphasized item that is too long', { emphasizedItem: { ...item, content: 'x'.repeat(16) } }],
  ['an item twice', { items: [item, item] }],
  ['a button twice', { buttons: [button, button] }],
  ['a link that leads nowhere', { buttons: [{ ...button, url: '/x' }] }],
])('both refuse a template with %s', (_, body, templateKey = 'shipment_completed_ja') => {
  expect(refuseTemplate({ to: TO, templateKey, body }, SHIPPED_CATALOGUE)).toMatchObject({ status: 400 })
  expect(violationsOf({ endpoint: 'template', templateKey, body }, SHIPPED_CATALOGUE)).not.toEqual([])
})
