import { describe, expect, test } from 'vitest'
import type { Message, TemplateMessage } from '../../src/domain/message.ts'
import * as rules from '../../src/providers/line/content-rules.ts'

type Body = TemplateMessage['body']

const violationsOf = (message: Message) => rules.violationsOf(message, null)

const template = (body: Body, templateKey = 'shipment_completed_ja'): Message => ({ endpoint: 'template', templateKey, body })
const flexible = (...messages: { type: string; [key: string]: unknown }[]): Message => ({ endpoint: 'flexible', messages })
const item = (itemKey: string, content = '1') => ({ itemKey, content })
const items = (count: number) => Array.from({ length: count }, (_, index) => item(`name_${index}_ja`))
const button = (buttonKey: string, url = 'https://example.com/') => ({ buttonKey, url })
const urlOf = (length: number) => 'https://example.com/'.padEnd(length, 'a')

const box = (...contents: unknown[]) => ({ type: 'box', layout: 'vertical', contents })
const bubble = (...contents: unknown[]) => ({ type: 'bubble', body: box(...contents) })
const flex = (contents: unknown, altText: unknown = 'お知らせ') => ({ type: 'flex', altText, contents })
const textOf = (text: string) => ({ type: 'text', text })
const link = (uri: unknown, label: unknown = '開く') => ({ type: 'button', action: { type: 'uri', label, uri } })

describe("the channel's catalogue", () => {
  const entry = { name: null, title: null, description: null }
  const catalogue = {
    templates: new Map([['shipment_completed_ja', entry]]),
    items: new Map([['date_002_ja', entry]]),
    buttons: new Map([['contact_ja', entry]]),
  }

  test('has the keys: nothing is wrong', () => {
    const message = template({ emphasizedItem: item('date_002_ja'), buttons: [button('contact_ja')] })
    expect(rules.violationsOf(message, catalogue)).toEqual([])
  })

  test.each([
    ['the template', template({}, 'shipment_complete_ja'), 'templateKey', 'shipment_completed_ja'],
    ['the emphasized item', template({ emphasizedItem: item('date_02_ja') }), 'body.emphasizedItem.itemKey', 'date_002_ja'],
    ['an item', template({ items: [item('date_002_ja'), item('date_003_ja')] }), 'body.items[1].itemKey', 'date_002_ja'],
    ['a button', template({ buttons: [button('Check_Contact')] }), 'body.buttons[0].buttonKey', 'contact_ja'],
  ])('does not have the key of %s: the nearest is named', (_, message, property, nearest) => {
    expect(rules.violationsOf(message, catalogue)).toEqual([
      { property, rule: `a key of the channel's catalogue (nearest: ${nearest})`, found: 'a key that is not in it' },
    ])
    expect(violationsOf(message), 'whoever receives it looks for himself').toEqual([])
  })
})

describe('a message that keeps the rules has no violations', () => {
  test.each<[string, Message]>([
    [
      "LINE's own sample",
      template({
        emphasizedItem: item('date_002_ja', '2024年8月10日(土)'),
        items: [item('time_range_001_ja', '午前中'), item('number_001_ja', '1234567'), item('price_001_ja', '12,000円')],
        buttons: [button('check_delivery_status_ja'), button('contact_ja', 'https://example.com/ContactUs/')],
      }),
    ],
    ['a template without anything', template({})],
    [
      'every limit of a template reached',
      template({
        emphasizedItem: item('e', 'あ'.repeat(15)),
        items: items(15),
        buttons: [button('a', urlOf(1_000)), button('b')],
      }),
    ],
    ['300 characters in an item', template({ items: [item('a', 'あ'.repeat(300))] })],
    ['five texts', flexible(...Array.from({ length: 5 }, () => textOf('あ'.repeat(5_000))))],
    ['a bubble', flexible(flex(bubble(textOf('a'), { type: 'separator' }, link('tel:0312345678'), link('line://ti/p/@a'))))],
    ['spans in place of a text', flexible(flex(bubble({ type: 'text', contents: [{ type: 'span', text: 'a' }] })))],
    ['a carousel of 12', flexible(flex({ type: 'carousel', contents: Array.from({ length: 12 }, () => bubble(textOf('a'))) }))],
    ['a label of 40 emoji families', flexible(flex(bubble(link('https://example.com/', '👨‍👩‍👧‍👦'.repeat(40)))))],
    ['an encoded URI', flexible(flex(bubble(link('https://example.com/%E4%BA%88?a=1&b=%20#c'))))],
  ])('%s', (_, message) => expect(violationsOf(message)).toEqual([]))
})

describe('a template message is refused for', () => {
  test.each<[what: string, body: Body, property: string, found: string]>([
    [
      'an emphasized item of 16 characters',
      { emphasizedItem: item('a', 'あ'.repeat(16)) },
      'body.emphasizedItem.content',
      '16 characters',
    ],
    [
      '8 emoji in the emphasized item: 16 UTF-16 units',
      { emphasizedItem: item('a', '😀'.repeat(8)) },
      'body.emphasizedItem.content',
      '16 characters',
    ],
    ['16 items', { items: items(16) }, 'body.items', '16 items'],
    ['an item of 301 characters', { items: [item('a', 'x'.repeat(301))] }, 'body.items[0].content', '301 characters'],
    ['3 buttons', { buttons: [button('a'), button('b'), button('c')] }, 'body.buttons', '3 buttons'],
    ['the same key in two items', { items: [item('a'), item('a')] }, 'body.items[1].itemKey', 'the key of body.items[0].itemKey'],
    [
      'the same key emphasized and listed',
      { emphasizedItem: item('a'), items: [item('a')] },
      'body.items[0].itemKey',
      'the key of body.emphasizedItem.itemKey',
    ],
    [
      'the same key on two buttons',
      { buttons: [button('a'), button('a')] },
      'body.buttons[1].buttonKey',
      'the key of body.buttons[0].buttonKey',
    ],
    ['a URL of 1,001 characters', { buttons: [button('a', urlOf(1_001))] }, 'body.buttons[0].url', '1001 characters'],
    [
      'a URL of another scheme',
      { buttons: [button('a', 'ftp://example.com/')] },
      'body.buttons[0].url',
      'another scheme, or none',
    ],
    ['an empty content', { items: [item('a', '')] }, 'body.items[0].content', '0 characters'],
    ['a content of spaces', { items: [item('a', '　 ')] }, 'body.items[0].content', 'only spaces'],
    ['an empty item key', { items: [item('')] }, 'body.items[0].itemKey', '0 characters'],
    ['an empty button key', { buttons: [button('')] }, 'body.buttons[0].buttonKey', '0 characters'],
  ])('%s', (_, body, property, found) => {
    expect(violationsOf(template(body))).toContainEqual({ property, rule: expect.any(String), found })
  })

  test('an empty template key', () => {
    expect(violationsOf(template({}, ''))).toMatchObject([{ property: 'templateKey' }])
  })
})

describe('a flexible message is refused for', () => {
  test.each<[what: string, message: Message, property: string, found: string]>([
    ['no messages', flexible(), 'messages', '0 messages'],
    ['six messages', flexible(...Array.from({ length: 6 }, () => textOf('a'))), 'messages', '6 messages'],
    ['an image', flexible({ type: 'image' }), 'messages[0].type', 'image'],
    ['a video', flexible({ type: 'video' }), 'messages[0].type', 'video'],
    ['audio', flexible({ type: 'audio' }), 'messages[0].type', 'audio'],
    ['an imagemap', flexible({ type: 'imagemap' }), 'messages[0].type', 'imagemap'],
    ['a coupon, which is advertising by nature', flexible({ type: 'coupon', couponId: 'a' }), 'messages[0].type', 'coupon'],
    ['a type that LINE does not have', flexible({ type: 'flexx' }), 'messages[0].type', 'another, or none'],
    ['an empty text', flexible(textOf('')), 'messages[0].text', '0 characters'],
    ['a text of 5,001 characters', flexible(textOf('x'.repeat(5_001))), 'messages[0].text', '5001 characters'],
    ['no altText', flexible({ type: 'flex', contents: bubble() }), 'messages[0].altText', 'nothing'],
    ['an altText of 1,501 characters', flexible(flex(bubble(), 'x'.repeat(1_501))), 'messages[0].altText', '1501 characters'],
    ['no contents', flexible(flex(undefined)), 'messages[0].contents', 'nothing'],
    ['contents of another type', flexible(flex({ type: 'box' })), 'messages[0].contents.type', 'a string'],
    [
      'an image as hero',
      flexible(flex({ type: 'bubble', hero: { type: 'image', url: 'https://example.com/' } })),
      'messages[0].contents.hero.type',
      'image',
    ],
    ['a video as hero', flexible(flex({ type: 'bubble', hero: { type: 'video' } })), 'messages[0].contents.hero.type', 'video'],
    [
      'an image deep within',
      flexible(flex(bubble(box(box({ type: 'image' }))))),
      'messages[0].contents.body.contents[0].contents[0].contents[0].type',
      'image',
    ],
    ['an icon', flexible(flex(bubble({ type: 'icon' }))), 'messages[0].contents.body.contents[0].type', 'icon'],
    ['an empty text component', flexible(flex(bubble(textOf('')))), 'messages[0].contents.body.contents[0].text', '0 characters'],
    [
      'a picture in a quick reply',
      flexible({ ...textOf('a'), quickReply: { items: [{ imageUrl: 'https://example.com/' }] } }),
      'messages[0].quickReply.items[0].imageUrl',
      'imageUrl',
    ],
    [
      '13 bubbles',
      flexible(flex({ type: 'carousel', contents: Array.from({ length: 13 }, () => bubble()) })),
      'messages[0].contents.contents',
      '13 bubbles',
    ],
    [
      'a button without label',
      flexible(flex(bubble({ type: 'button', action: { type: 'uri', uri: 'https://example.com/' } }))),
      'messages[0].contents.body.contents[0].action.label',
      'nothing',
    ],
    [
      'a label of 41 characters',
      flexible(flex(bubble(link('https://example.com/', 'あ'.repeat(41))))),
      'messages[0].contents.body.contents[0].action.label',
      '41 characters',
    ],
    [
      'a URI of 1,001 characters',
      flexible(flex(bubble(link(urlOf(1_001))))),
      'messages[0].contents.body.contents[0].action.uri',
      '1001 characters',
    ],
    ['no URI', flexible(flex(bubble(link(undefined)))), 'messages[0].contents.body.contents[0].action.uri', 'nothing'],
    [
      'a URI with script',
      flexible(flex(bubble(link('javascript:alert(1)')))),
      'messages[0].contents.body.contents[0].action.uri',
      'another scheme, or none',
    ],
    [
      'a URI without host',
      flexible(flex(bubble(link('https://?')))),
      'messages[0].contents.body.contents[0].action.uri',
      'no host, or a malformed one',
    ],
    [
      'a URI with Japanese letters',
      flexible(flex(bubble(link('https://example.com/予約')))),
      'messages[0].contents.body.contents[0].action.uri',
      'characters that must be encoded (filter url)',
    ],
    [
      'a URI with a lone percent sign',
      flexible(flex(bubble(link('https://example.com/100%')))),
      'messages[0].contents.body.contents[0].action.uri',
      'characters that must be encoded (filter url)',
    ],
  ])('%s', (_, message, property, found) => {
    expect(violationsOf(message)).toContainEqual({ property, rule: expect.any(String), found })
  })

  test('a bubble without any block', () => {
    expect(violationsOf(flexible(flex({ type: 'bubble' })))).toEqual([
      { property: 'messages[0].contents', rule: 'one of header, hero, body, footer', found: 'none of them' },
    ])
  })

  test('a bubble above 30 KB, counted in bytes of UTF-8', () => {
    expect(violationsOf(flexible(flex(bubble(textOf('あ'.repeat(9_900))))))).toEqual([])
    expect(violationsOf(flexible(flex(bubble(textOf('あ'.repeat(10_000))))))).toMatchObject([
      { property: 'messages[0].contents', rule: 'at most 30000 bytes of JSON' },
    ])
  })

  test('a carousel above 50 KB of small bubbles', () => {
    const contents = Array.from({ length: 12 }, () => bubble(textOf('x'.repeat(4_500))))
    expect(violationsOf(flexible(flex({ type: 'carousel', contents })))).toMatchObject([
      { property: 'messages[0].contents', rule: 'at most 50000 bytes of JSON' },
    ])
  })
})

describe('a message is refused for what an event can put into it:', () => {
  const FIRST = 'messages[0].contents.body.contents[0]'
  const tap = (action: object) => flexible(flex(bubble({ type: 'button', action: { label: '開く', ...action } })))
  const HALF = 'half a character, perhaps of an emoji that a filter cut'
  const place = { type: 'location', title: '川崎店', address: '川崎市', latitude: '35.5', longitude: 139.7 }

  test.each<[what: string, message: Message, property: string, found: string]>([
    [
      'a span without text',
      flexible(flex(bubble({ type: 'text', contents: [{ type: 'span', text: '' }] }))),
      `${FIRST}.contents[0].text`,
      '0 characters',
    ],
    ['data that are empty', tap({ type: 'postback', data: '' }), `${FIRST}.action.data`, '0 characters'],
    ['an answer that is empty', tap({ type: 'message', text: '' }), `${FIRST}.action.text`, '0 characters'],
    ['nothing to copy', tap({ type: 'clipboard', clipboardText: '' }), `${FIRST}.action.clipboardText`, '0 characters'],
    [
      'another URI for computers that is empty',
      tap({ type: 'uri', uri: 'https://example.com/', altUri: { desktop: '' } }),
      `${FIRST}.action.altUri.desktop`,
      '0 characters',
    ],
    ['a place without address', flexible({ ...place, address: '' }), 'messages[0].address', '0 characters'],
    ['a place without name', flexible({ ...place, title: '' }), 'messages[0].title', '0 characters'],
    ['a place that is nowhere', flexible({ ...place, latitude: '95' }), 'messages[0].latitude', 'a string'],
    ['half an emoji', flexible(textOf('a\ud83d')), 'messages[0].text', HALF],
    ['NUL, however deep', flexible(flex(bubble(box(textOf('a\0'))))), `${FIRST}.contents[0].text`, 'NUL'],
    ['half an emoji in a template', template({ items: [item('a', '\ude00')] }), 'body.items[0].content', HALF],
    ['NUL in the key of a template', template({}, 'a\0'), 'templateKey', 'NUL'],
  ])('%s', (_, message, property, found) => {
    expect(violationsOf(message)).toEqual([{ property, rule: expect.any(String), found }])
  })

  test('a place as Liquid writes one is fine', () => expect(violationsOf(flexible(place))).toEqual([]))
})

test('what was found is never quoted', () => {
  const secret = '+819012340199'
  const message = flexible({
    ...textOf(''),
    quickReply: { items: [{ action: { type: 'uri', label: secret.repeat(5), uri: secret } }] },
  })
  const violations = violationsOf(message)
  expect(violations.length).toBeGreaterThanOrEqual(3)
  expect(JSON.stringify(violations)).not.toContain('9012340199')
})
