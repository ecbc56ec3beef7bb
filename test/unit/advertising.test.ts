import { describe, expect, test } from 'vitest'
import type { Message } from '../../src/domain/message.ts'
import { createSealer, openContent } from '../../src/domain/seal.ts'
import type { ChannelRules } from '../../src/intake/channel-rules.ts'
import { interpret } from '../../src/intake/interpret.ts'
import { BILL_ROUTE, changedBill, SURROUNDINGS, surveyOf } from './route-folder.ts'

type Mode = ChannelRules['advertising']

const FLEX = `message:
  flexible:
    - type: flex
      altText: 【ご予約のリマインド】
      contents:
        type: bubble
        body:
          type: box
          layout: vertical
          contents:
            - type: text
              text: "{{ customer.name | default: 'お客' }}様"
              contents: [{ type: span, text: 明日お待ちしております }]
        footer:
          type: box
          layout: vertical
          contents:
            - { type: button, action: { type: uri, label: 予約を確認する, uri: "https://example.jp/campaign?sale={{ link | url }}" } }
`
const reminder = (...changes: readonly (readonly [string, string])[]): string =>
  changes.reduce(
    (text, [from, to]) => text.replace(from, to),
    changedBill([BILL_ROUTE.slice(BILL_ROUTE.indexOf('message:')), FLEX], ['purpose: bill-finalized', 'purpose: reminder']),
  )

describe('a message that reads like advertising as it is written', () => {
  const COUPON: [string, string] = ['予約を確認する', 'クーポンで再予約']
  const TOLD =
    'bill.yaml:29 message.flexible[0].contents.footer.contents[0].action.label: found "クーポン" (coupon: an offer of a coupon); LINE forbids advertising: reword it, or, if it is none, name the text around it in advertising: { except: [口座振替割引] }'

  test('is warned of, or refused at load, as its channel says', () => {
    expect(surveyOf({ 'bill.yaml': reminder(COUPON) }, { advertising: 'warn' })).toMatchObject({
      routes: [{ id: 'bill' }],
      faults: [],
      warnings: [TOLD],
    })
    expect(surveyOf({ 'bill.yaml': reminder(COUPON) }, { advertising: 'refuse' })).toMatchObject({
      routes: [],
      faults: [TOLD],
      warnings: [],
    })
  })

  test.each<[where: string, from: string, to: string, line: number, field: string]>([
    ['its alternative text', '【ご予約のリマインド】', 'クーポン', 15, 'message.flexible[0].altText'],
    ['a span', '明日お待ちしております', 'クーポン', 24, 'message.flexible[0].contents.body.contents[0].contents[0].text'],
    [
      'a branch',
      'お客\' }}様"',
      'お客\' }}様{% if paid %}…{% else %}クーポン{% endif %}"',
      23,
      'message.flexible[0].contents.body.contents[0].text',
    ],
    ['a default', "'お客'", "'クーポン愛好家'", 23, 'message.flexible[0].contents.body.contents[0].text'],
  ])('is found in %s', (_, from, to, line, field) => {
    const { warnings } = surveyOf({ 'bill.yaml': reminder([from, to]) })
    expect(warnings).toEqual([expect.stringContaining(`bill.yaml:${line} ${field}: found "クーポン"`)])
  })

  const SPANS = '[{ type: span, text: クー }, { type: span, text: ポン }]'
  test('is found in the spans of a text together, and in the name of the sender', () => {
    const split = reminder(['[{ type: span, text: 明日お待ちしております }]', SPANS])
    expect(surveyOf({ 'bill.yaml': split }).warnings).toEqual([
      expect.stringContaining('bill.yaml:24 message.flexible[0].contents.body.contents[0].contents: found "クーポン"'),
    ])
    const sender = reminder(['altText:', 'sender: { name: クーポン配布中 }\n      altText:'])
    expect(surveyOf({ 'bill.yaml': sender }).warnings).toEqual([
      expect.stringContaining('bill.yaml:15 message.flexible[0].sender.name: found "クーポン"'),
    ])
  })

  test.each<[where: string, from: string, to: string]>([
    ['a URL', 'campaign?sale', 'coupon?sale'],
    [
      'the name of a field, or what it is compared with',
      "{{ customer.name | default: 'お客' }}様",
      "{% if link == 'coupon' %}a{% endif %}b",
    ],
    ['a comment', "{{ customer.name | default: 'お客' }}様", '{% comment %}クーポン{% endcomment %}a'],
  ])('is not looked for in %s, which nobody sees', (_, from, to) => {
    expect(surveyOf({ 'bill.yaml': reminder([from, to]) }, { advertising: 'refuse' })).toMatchObject({ faults: [], warnings: [] })
  })

  test('is looked for in the contents of a template as well, and not in its keys', () => {
    const template = `message:
  template:
    templateKey: campaign_ja
    items: [{ itemKey: sale_ja, content: セール価格 }]
    buttons: [{ buttonKey: coupon_ja, url: "https://example.jp/coupon" }]
`
    const { warnings } = surveyOf({ 'bill.yaml': changedBill([BILL_ROUTE.slice(BILL_ROUTE.indexOf('message:')), template]) })
    expect(warnings).toEqual([
      expect.stringContaining('message.template.items[0].content: found "セール" (sale: news of a sale)'),
    ])
  })
})

describe('an exception', () => {
  const bill = (except: string) =>
    changedBill(['fallback: sms', `advertising: { except: [${except}] }`], ['様: ', '様: 口座振替割引 '])

  test('lets a text pass that is no advertising', () => {
    expect(surveyOf({ 'bill.yaml': bill('口座振替割引') }, { advertising: 'refuse' })).toMatchObject({
      routes: [{ advertisingExcept: ['口座振替割引'] }],
      faults: [],
      warnings: [],
    })
  })

  test('of what nobody takes for advertising is warned of', () => {
    expect(surveyOf({ 'bill.yaml': bill('口座振替割引, 口座振替') }, { advertising: 'refuse' })).toMatchObject({
      faults: [],
      warnings: ['bill.yaml:11 advertising.except[1]: found "口座振替"; take it away: nothing in it is taken for advertising'],
    })
  })

  test('must be a list of texts', () => {
    expect(surveyOf({ 'bill.yaml': bill('') }).faults).toEqual([
      'bill.yaml:11 advertising.except: found []; write a list of texts, such as [口座振替割引]',
    ])
  })
})

describe('an event whose values read like advertising', () => {
  test('is refused, by property and word and without the text, where the channel refuses', () => {
    const { requests, advertised } = noticesOf(reminder(), 'refuse', 'クーポン太郎')
    expect(requests).toMatchObject([
      {
        kind: 'refused',
        reason: 'advertising',
        detail:
          'messages[0].contents.body.contents[0].text: an offer of a coupon (coupon); reword it, or name the text in advertising.except of the route',
      },
    ])
    expect(JSON.stringify(requests)).not.toContain('クーポン')
    expect(advertised).toEqual([])
  })

  test('goes out where the channel warns, and is told of', () => {
    const { messages, advertised } = noticesOf(reminder(), 'warn', 'クーポン太郎')
    expect(JSON.stringify(messages)).toContain('クーポン太郎様')
    expect(advertised).toEqual([
      {
        route: 'bill',
        property: 'messages[0].contents.body.contents[0].text',
        word: expect.objectContaining({ id: 'coupon', says: 'an offer of a coupon' }),
      },
    ])
  })

  test('goes out silently if its route excepts the text', () => {
    const route = reminder(['fallback: sms', 'advertising: { except: [クーポン太郎] }'])
    expect(noticesOf(route, 'refuse', 'クーポン太郎')).toMatchObject({ requests: [{ kind: 'ready' }], advertised: [] })
  })

  test('is told of each word once, also of what is the same for everyone', () => {
    const route = reminder(['予約を確認する', 'クーポンとセール'])
    const { advertised } = noticesOf(route, 'warn', 'クーポン太郎')
    expect(advertised.map(({ word }) => word.id)).toEqual(['coupon', 'sale'])
  })

  test('is not told of if it goes nowhere', () => {
    const { requests, advertised } = noticesOf(reminder(), 'warn', 'クーポン太郎', '12')
    expect(requests).toMatchObject([{ reason: 'unusable-phone' }])
    expect(advertised).toEqual([])
  })
})

function noticesOf(file: string, advertising: Mode, name: string, phone = '+819012340199') {
  const { routes, faults } = surveyOf({ 'bill.yaml': file }, { advertising })
  const [route] = routes
  if (!route) throw new Error(faults.join('\n'))
  const { seal, open } = createSealer([new Uint8Array(32).fill(7)])
  const event = { eventId: 'e1', at: SURROUNDINGS.now, amount: 1, paid: false, link: 'a', customer: { id: 'C-1', phone, name } }
  const interpretation = interpret(
    route,
    event,
    { position: { topic: 'bills', partition: 0, offset: 1 }, headers: new Map(), timestamp: SURROUNDINGS.now },
    { now: SURROUNDINGS.now, pepper: new Uint8Array(32), seal },
  )
  if (interpretation.kind !== 'requests') throw new Error(interpretation.kind)
  const messages = interpretation.requests.flatMap((request): Message[] =>
    request.kind === 'ready' ? [openContent(request.sealed, request.notification.notificationId, open).message] : [],
  )
  return { ...interpretation, messages }
}
