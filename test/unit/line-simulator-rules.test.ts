import { describe, expect, test } from 'vitest'
import { readCatalogue } from '../../src/providers/line/catalogue.ts'
import {
  bubble,
  button,
  flex,
  flexible,
  item,
  link,
  somebody,
  start,
  TEMPLATE,
  template,
  text,
} from './line-simulator-fixture.ts'

const words = (n: number) => ({ type: 'text', text: 'あ'.repeat(n) })
const emphasized = (content: string) => template({ emphasizedItem: item('date_002_ja', content) })
const units = (...customAggregationUnits: string[]) => template({}, { customAggregationUnits })
const inFlex = (...contents: object[]) => flexible(flex(bubble(...contents)))
const carousel = (n: number, of: object) => flexible(flex({ type: 'carousel', contents: Array(n).fill(bubble(of)) }))
const place = { type: 'location', title: '店', address: '東京都', latitude: 35.6, longitude: 139.7 }
const image = { type: 'image', url: 'https://example.com/a.png' }

const fullTemplate = template(
  {
    emphasizedItem: item('date_002_ja', 'あ'.repeat(15)),
    items: [item('name_010_ja', 'あ'.repeat(300))],
    buttons: [button('contact_ja', `https://example.com/${'a'.repeat(980)}`), button('check_shop_location')],
  },
  { customAggregationUnits: ['a'.repeat(30)] },
)

test.each<[string, object, number]>([
  ['a template', template({ items: [item('time_range_001_ja')], buttons: [button()] }), 202],
  ['a template without body', { to: somebody, templateKey: 'shipment_completed_ja' }, 202],
  ['a template at every limit', fullTemplate, 202],
  ['five messages', flexible(text(), words(5000), text(), text(), flex(bubble(text()))), 200],
  ['a carousel of twelve', carousel(12, link('tel:0312345678')), 200],
  ['a long alternative text', flexible(flex(bubble(text()), 'あ'.repeat(1500))), 200],
  ['a sticker and a place', flexible({ type: 'sticker', packageId: '446', stickerId: '1988' }, place), 200],
])('%s is accepted', async (_, body, status) => {
  const { push, simulator } = await start()
  const answer = await push(body, { 'x-line-delivery-tag': 'a'.repeat(16) })
  expect([answer.status, answer.text]).toEqual([status, '{}'])
  const [entry] = simulator.log.after(0, 1)
  expect(entry).toMatchObject({ requestId: answer.headers['x-line-request-id'], deliveryTag: 'a'.repeat(16), came: 'delivered' })
})

test('every answer has a request id of its own', async () => {
  const { push } = await start()
  const ids = await Promise.all([1, 2, 3].map(async () => (await push(template())).headers['x-line-request-id']))
  expect(new Set(ids).size).toBe(3)
  expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/)
})

const NOT_A_DIGEST = 'The value must be a valid SHA-256 digest.'
const DUPLICATE = 'Duplicate itemKey in items or between emphasizedItem and items are not allowed: date_002_ja'
const threeButtons = [button(), button('check_details_ja'), button('check_shop_location')]
const longUrl = `https://e.jp/${'a'.repeat(988)}`

describe('one error in the body', () => {
  test.each<[string, object, string, string]>([
    ['a number instead of a digest', template({}, { to: '+819012345678' }), NOT_A_DIGEST, 'to'],
    ['an upper-case digest', template({}, { to: somebody.toUpperCase() }), NOT_A_DIGEST, 'to'],
    ['no template key', template({}, { templateKey: '' }), 'May not be empty', 'templateKey'],
    [
      'the emphasized item again',
      template({ emphasizedItem: item('date_002_ja'), items: [item('date_002_ja')] }),
      DUPLICATE,
      'body.emphasizedItem.itemKey',
    ],
    ['an item twice', template({ items: [item('date_002_ja'), item('date_002_ja')] }), DUPLICATE, 'body.items[1].itemKey'],
    ['emphasized item of 16', emphasized('a'.repeat(16)), 'Length must be between 0 and 15', 'body.emphasizedItem.content'],
    ['emoji count twice', emphasized('🎉'.repeat(8)), 'Length must be between 0 and 15', 'body.emphasizedItem.content'],
    [
      'item of 301',
      template({ items: [item('date_002_ja', 'a'.repeat(301))] }),
      'Length must be between 0 and 300',
      'body.items[0].content',
    ],
    ['empty content', template({ items: [item('date_002_ja', '')] }), 'May not be empty', 'body.items[0].content'],
    ['three buttons', template({ buttons: threeButtons }), 'Size must be between 0 and 2', 'body.buttons'],
    [
      'url of 1001',
      template({ buttons: [button('contact_ja', longUrl)] }),
      'Length must be between 0 and 1000',
      'body.buttons[0].url',
    ],
    [
      'aggregation unit',
      units('発送'),
      'Invalid characters are included in custom aggregation unit',
      'customAggregationUnits[0]',
    ],
    ['long aggregation unit', units('a'.repeat(31)), 'Length must be between 0 and 30', 'customAggregationUnits[0]'],
    ['two aggregation units', units('a', 'b'), 'Size must be between 0 and 1', 'customAggregationUnits'],
    ['no message', flexible(), 'Size must be between 1 and 5', 'messages'],
    ['six messages', flexible(...Array(6).fill(text())), 'Size must be between 1 and 5', 'messages'],
    ['text of 5001', flexible(words(5001)), 'Length must be between 0 and 5000', 'messages[0].text'],
    ['alternative text', flexible(flex(bubble(), 'a'.repeat(1501))), 'Length must be between 0 and 1500', 'messages[0].altText'],
  ])('%s', async (_, body, message, property) => {
    const { push } = await start()
    const answer = await push(body)
    const expected = { message: 'The request body has 1 error(s)', details: [{ message, property }] }
    expect([answer.status, JSON.parse(answer.text)]).toEqual([400, expected])
  })

  test('sixteen items', async () => {
    const { push } = await start()
    const answer = await push(template({ items: Array.from({ length: 16 }, (_, n) => item(`key_${n}`)) }))
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('"Size must be between 0 and 15"')])
  })
})

describe('an error inside a message', () => {
  const COMPONENTS = 'Must be one of the following values: [box, button, filler, separator, span, text]'
  const uri = '/body/contents/0/action/uri'
  test.each<[string, object, string, string]>([
    ['a picture', inFlex(image), COMPONENTS, '/body/contents/0/type'],
    ['an icon deep down', inFlex({ ...bubble({ type: 'icon' }).body }), COMPONENTS, '/body/contents/0/contents/0/type'],
    [
      'a hero picture',
      flexible(flex({ type: 'bubble', hero: image })),
      'Must be one of the following values: [box]',
      '/hero/type',
    ],
    ['empty bubble', flexible(flex({ type: 'bubble' })), 'At least one block must be specified', '/'],
    ['empty text', inFlex({ type: 'text', text: '' }), 'must be non-empty text', '/body/contents/0/text'],
    ['bubble over 30 KB', inFlex(words(10_240)), 'Too large flex message. The maximum size is 30 KB', '/'],
    ['carousel over 50 KB', carousel(3, words(6000)), 'Too large flex message. The maximum size is 50 KB', '/'],
    ['thirteen bubbles', carousel(13, text()), 'size must be between 1 and 12', '/contents'],
    ['link of another scheme', inFlex(link('javascript:alert(1)')), 'invalid uri scheme', uri],
    ['link not percent-encoded', inFlex(link('https://example.com/予約')), 'invalid uri', uri],
    ['link of 1001', inFlex(link(longUrl)), 'size must be between 0 and 1000', uri],
  ])('%s', async (_, body, message, property) => {
    const { push } = await start()
    const answer = await push(body)
    const expected = { message: 'A message (messages[0]) in the request body is invalid', details: [{ message, property }] }
    expect([answer.status, JSON.parse(answer.text)]).toEqual([400, expected])
  })
})

const NO_TEMPLATE = "The specified template doesn't exist, or you don't have the permission"
const TYPES = 'Must be one of the following values: [text, textV2, sticker, location, template, flex]'

describe('bodies with a shape of their own', () => {
  test.each<[string, object, object]>([
    [
      'unknown template',
      template({}, { templateKey: 'reserve_004' }),
      { message: 'Invalid templateKey: reserve_004', details: [{ message: NO_TEMPLATE, property: 'templateKey' }] },
    ],
    [
      'unknown item key',
      template({ items: [item('datetime_000')] }),
      {
        message: 'The request body has 1 invalid key(s).',
        details: [{ message: 'The specified item key does not exist: datetime_000', property: 'body.items[0].itemKey' }],
      },
    ],
    [
      'unknown button key',
      template({ buttons: [button('Check_Contact')] }),
      {
        message: 'The request body has 1 invalid key(s).',
        details: [{ message: 'The specified button key does not exist: Check_Contact', property: 'body.buttons[0].buttonKey' }],
      },
    ],
    [
      'two errors',
      flexible(text(''), { type: 'image' }),
      {
        message: 'The request body has 2 error(s)',
        details: [
          { message: 'May not be empty', property: 'messages[0].text' },
          { message: TYPES, property: 'messages[1].type' },
        ],
      },
    ],
    [
      'content of another type',
      template({ items: [{ itemKey: 'date_002_ja', content: 12000 }] }),
      { message: "The property, 'body.items[0].content', in the request body is invalid (line: -, column: -)" },
    ],
  ])('%s', async (_, body, expected) => {
    const { push } = await start()
    const answer = await push(body)
    expect([answer.status, JSON.parse(answer.text)]).toEqual([400, expected])
  })

  const UNAUTHENTICATED = 'Authentication failed due to the following reason: '
  const BAD_TAG = "The value for the 'X-Line-Delivery-Tag' header is invalid"
  const NOT_JSON = 'The request body could not be parsed as JSON '
  test.each<[string, { path?: string; body?: string; headers?: Record<string, string> }, number, string]>([
    ['tag of 15', { headers: { 'x-line-delivery-tag': 'a'.repeat(15) } }, 400, BAD_TAG],
    ['tag of 101', { headers: { 'x-line-delivery-tag': 'a'.repeat(101) } }, 400, BAD_TAG],
    ['retry key', { headers: { 'x-line-retry-key': '123e4567-e89b-12d3-a456-426614174000' } }, 400, "'X-Line-Retry-Key'"],
    ['half a body', { body: '{\n"to":' }, 400, `${NOT_JSON}(line: 2, column: 6)`],
    ['no body', { body: '' }, 400, `${NOT_JSON}(line: 1, column: 1)`],
    ['a list', { body: '[]' }, 400, `${NOT_JSON}(line: 1, column: 1)`],
    ['another type', { headers: { 'content-type': 'text/plain' } }, 415, 'The content type, text/plain, is not supported'],
    ['over 2 MB', { body: `"${'a'.repeat(2 * 1024 * 1024)}"` }, 413, 'The request body is too large'],
    ['wrong path', { path: '/v2/bot/pnp/push' }, 404, 'Not found'],
    ['no token', { headers: { authorization: '' } }, 401, `${UNAUTHENTICATED}Authorization header required.`],
    ['wrong token', { headers: { authorization: 'Bearer x' } }, 401, `${UNAUTHENTICATED}invalid token.`],
  ])('%s', async (_, { path = TEMPLATE, body = JSON.stringify(template()), headers }, status, message) => {
    const { post } = await start()
    const answer = await post(path, body, headers)
    expect([answer.status, JSON.parse(answer.text)]).toEqual([status, { message: expect.stringContaining(message) }])
    expect(answer.headers['x-line-request-id']).toBeDefined()
  })
})

test('another method is another endpoint, which LINE does not have', async () => {
  const { call } = await start()
  const answer = await call('GET', TEMPLATE, { authorization: 'Bearer console-token' })
  expect([answer.status, answer.text]).toEqual([404, '{"message":"Not found"}'])
})

test('another catalogue has other keys', async () => {
  const catalogue = readCatalogue({ templates: [{ key: 'power_cut_ja' }], items: [], buttons: [] })
  const { push } = await start({ catalogue })
  expect((await push(template({}, { templateKey: 'power_cut_ja' }))).status).toBe(202)
  expect((await push(template())).status).toBe(400)
  expect(() => readCatalogue({ templates: ['power_cut_ja'] })).toThrow('give it the shape {"templates"')
})
