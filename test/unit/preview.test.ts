import { describe, expect, test } from 'vitest'
import { hashPhone, readPhone } from '../../src/domain/phone.ts'
import { asJson } from '../../src/preview/as-json.ts'
import { isFaulty } from '../../src/preview/preview.ts'
import { example, frameOf, linesOf, look, only, rowOf, SECRETS } from './preview-fixture.ts'
import { BILL, BILL_ROUTE, changed } from './route-folder.ts'

const DAY = '2026-08-24T10:05:00+09:00'
const EVENING = '2026-08-24T22:30:00+09:00'
const bill = (fields: object = {}) => ({ ...example('payment-due'), ...fields })

describe('what would happen, and when', () => {
  test('by day a bill would be sent at once', async () => {
    const told = await look('examples/payment-due.json', { at: DAY })
    expect(rowOf(told, 'what happens')).toBe('would be sent at once')
    expect(isFaulty(told.preview)).toBe(false)
  })

  test('in the evening it waits for the morning of its recipient', async () => {
    const told = await look('examples/payment-due.json', { at: EVENING })
    expect(rowOf(told, 'what happens')).toBe('waits until 08:00 on 25 August (Asia/Tokyo): quiet hours 21:00–08:00')
    expect(isFaulty(told.preview)).toBe(false)
    const abroad = bill({ customer: { id: 'C-1', phone: '090-1234-0101', timeZone: 'America/New_York' } })
    expect(rowOf(await look(abroad, { at: '2026-08-24T10:05:00+09:00' }), 'what happens')).toBe(
      'waits until 08:00 on 24 August (America/New_York): quiet hours 21:00–08:00',
    )
  })

  test('windows of some days are told with the days, and another year with its number', async () => {
    const quietHours = [{ from: '00:00', until: '24:00', on: ['mon', '2026-08-25'] }]
    expect(rowOf(await look('examples/payment-due.json', { at: DAY, config: { quietHours } }), 'what happens')).toBe(
      'waits until 00:00 on 26 August (Asia/Tokyo): quiet hours 00:00–24:00 (mon, 2026-08-25)',
    )
    const told = await look(bill({ dueDate: '2027-01-05' }), { at: DAY })
    expect(rowOf(told, 'expires')).toBe('at 00:00 on 6 January 2027 (Asia/Tokyo)')
  })

  test('past its maxAge it expires, and is told when it would not have', async () => {
    const told = await look('examples/payment-due.json', { at: '2026-08-26T10:05:00+09:00' })
    expect(rowOf(told, 'what happens')).toBe(
      "ends expired: it happened at 10:00 on 24 August (Asia/Tokyo), longer ago than the route's maxAge of 24 h. To see it as of then: --at 2026-08-24T10:00:00+09:00",
    )
    expect(frameOf(told)).not.toEqual([])
    expect(isFaulty(told.preview)).toBe(false)
  })

  test('past its end it expires, and in quiet hours that outlast it as well', async () => {
    const told = await look(bill({ dueDate: '2026-08-23' }), { at: DAY })
    expect(rowOf(told, 'what happens')).toBe(
      'ends expired: it was good until 00:00 on 24 August (Asia/Tokyo). To see it as of then: --at 2026-08-24T10:00:00+09:00',
    )
    const late = await look(bill({ dueDate: '2026-08-24' }), { at: EVENING })
    expect(rowOf(late, 'what happens')).toBe(
      'ends expired: it is good until 00:00 on 25 August (Asia/Tokyo), and quiet hours 21:00–08:00 last longer',
    )
  })

  test('an event of long ago is too old for any result, and its message is shown all the same', async () => {
    const told = await look('examples/payment-due.json', { at: '2026-11-23T10:00:00+09:00' })
    expect(rowOf(told, 'what happens')).toBe(
      'nobody would be told: it happened at 10:00 on 24 August (Asia/Tokyo), and is remembered for 7 days only (dedupeWindow), so it becomes a dead letter. To see it as of then: --at 2026-08-24T10:00:00+09:00',
    )
    expect(frameOf(told).join('\n')).toContain('12,800円')
    expect(isFaulty(told.preview)).toBe(false)
  })

  test('what calls off notifies nobody', async () => {
    const told = await look('examples/reservation-cancelled.json', { at: '2026-08-10T09:00:00+09:00' })
    expect(rowOf(told, 'what happens')).toBe('calls off reservation/R-88120; nobody is notified')
    expect(told.preview.recipients).toEqual([])
    expect(isFaulty(told.preview)).toBe(false)
    const late = await look('examples/reservation-cancelled.json', { at: '2026-11-10T09:00:00+09:00' })
    expect(rowOf(late, 'what happens')).toContain('nobody is told: it happened at 21:40 on 9 August')
  })

  test('news for those who were told before says what becomes of theirs', async () => {
    const told = await look('examples/outage-restored.json', { at: '2026-08-10T09:00:00+09:00', most: 1 })
    expect(rowOf(told, 'only if')).toBe('notified: only for those who were told of the subject before')
    expect(rowOf(told, 'what happens')).toBe(
      'would be sent at once, if the person was told of incident/INC-20260810-01 before (onlyIf: notified); for anyone else it ends cancelled',
    )
  })

  test('the same message to the same number twice is a duplicate of the first; another one waits its time', async () => {
    const affected = [1, 2].map((number) => ({ id: `C-${number}`, phone: '090-1234-0103', timeZone: null, name: null }))
    const at = '2026-08-10T09:00:00+09:00'
    const told = await look({ ...example('outage-notice'), occurredAt: Date.parse(at), affected }, { at })
    expect(told.preview.recipients.map(({ fate }) => fate)).toMatchObject([
      { kind: 'sent' },
      { status: 'duplicate', duplicateOf: 0 },
    ])
    expect(linesOf(told).join('\n')).toContain('ends duplicate: it says the same as that of recipient 1, to the same number')

    const [first, second] = affected
    const other = {
      ...example('outage-restored'),
      occurredAt: Date.parse(at),
      affected: [
        { ...first, name: '一' },
        { ...second, name: '二' },
      ],
    }
    const spaced = await look(other, { at, config: { recipients: { spacing: 'PT10M' } } })
    expect(linesOf(spaced).join('\n')).toContain(
      'waits until 09:10 on 10 August (Asia/Tokyo): one person gets them 10 min apart (recipients.spacing)',
    )
  })
})

describe('the mode of the channel', () => {
  test('a shadow withholds what it would have sent, and that is no fault', async () => {
    const told = await look('examples/payment-due.json', { at: DAY, channel: { mode: 'shadow' } })
    expect(rowOf(told, 'channel')).toBe('main (provider line, mode shadow: nothing is sent)')
    expect(rowOf(told, 'what happens')).toBe(
      'would be sent at once, were the channel not a shadow: everything is done but the sending, and it ends refused (shadow)',
    )
    expect(isFaulty(told.preview)).toBe(false)
  })

  test('who is not on the allow-list is refused, and the ref that is to be added is shown; who is on it gets it', async () => {
    const told = await look('examples/payment-due.json', { at: DAY, channel: { mode: 'allow-list' }, env: SECRETS })
    expect(rowOf(told, 'what happens')).toBe('refused (not-on-allow-list)')
    expect(rowOf(told, 'remedy')).toBe("add the recipientRef to the channel's allow, or set mode: live")
    expect(isFaulty(told.preview)).toBe(true)
    const ref = only(told.preview).recipientRef ?? ''
    expect(rowOf(told, 'recipientRef')).toMatch(/^[0-9a-f]{64}$/)
    const listed = { at: DAY, channel: { mode: 'allow-list', allow: [ref] }, env: SECRETS }
    expect(rowOf(await look('examples/payment-due.json', listed), 'what happens')).toBe('would be sent at once')
  })

  test('without the pepper nobody has a ref, and the allow-list is not judged', async () => {
    const told = await look('examples/payment-due.json', { at: DAY, channel: { mode: 'allow-list' } })
    expect(rowOf(told, 'recipientRef')).toBe('not known without the pepper (privacy.pepper)')
    expect(rowOf(told, 'what happens')).toBe('would be sent at once')
    expect(linesOf(told)).toContain(
      'Whether the allow-list has them cannot be said without the pepper: set the variables that the configuration names.',
    )
    expect(JSON.parse(JSON.stringify(asJson(told))).recipients).toMatchObject([{ recipientRef: null }])
  })
})

describe('what is refused', () => {
  test('a number that is none is told by its shape, with the remedy', async () => {
    const told = await look(bill({ customer: { id: 'C-1', phone: '03-12345' } }), { at: DAY })
    expect(rowOf(told, 'what happens')).toContain('refused (unusable-phone): customer.phone: no valid number of JP')
    expect(rowOf(told, 'remedy')).toContain('the producer sends a number as people write it')
    expect(rowOf(told, 'recipientRef')).toBe('not known without the pepper (privacy.pepper)')
    expect(linesOf(told).join('\n')).not.toContain('03-12345')
    expect(isFaulty(told.preview)).toBe(true)
  })

  test('a message that breaks rules is drawn with them', async () => {
    const told = await look(bill({ serviceName: '電'.repeat(1_500) }), { at: DAY })
    expect(rowOf(told, 'what happens')).toContain('refused (content-rule)')
    expect(only(told.preview).broken).toMatchObject([
      { rule: 'content', property: 'messages[0].altText', wanted: '1 to 1500 characters', found: '1537 characters' },
    ])
    expect(rowOf(told, 'breaks a rule')).toBe('messages[0].altText: wanted 1 to 1500 characters, found 1537 characters')
    expect(frameOf(told).join('\n')).toContain('[ お支払い手続きへ ]')
    expect(isFaulty(told.preview)).toBe(true)
  })

  test('keys that the catalogue lacks break a rule of the channel, though the preview knows their texts', async () => {
    const told = await look('examples/order-ready.json', {
      at: '2026-08-10T12:00:00+09:00',
      channel: { provider: 'line-simulator', baseUrl: 'http://localhost:1' },
    })
    expect(isFaulty(told.preview)).toBe(false)
    const routes = {
      'bill.avsc': BILL,
      'bill.yaml': changed(BILL_ROUTE, [
        [BILL_ROUTE.slice(BILL_ROUTE.indexOf('  flexible:')), '  template: { templateKey: "shipped_{{ customer.name }}" }\n'],
      ]),
    }
    const event = { eventId: 'E', at: Date.parse(DAY), due: null, amount: 1, paid: false, others: [], phones: [], labels: {} }
    const unknown = await look({ ...event, customer: { id: 'C-1', phone: '090-1234-0101', name: 'x' } }, { at: DAY, routes })
    expect(rowOf(unknown, 'breaks a rule')).toMatch(
      /^templateKey: wanted a key of the channel's catalogue \(nearest: .*, found a key that is not in it$/,
    )
  })

  test.each([
    ['warn', 'would be sent at once'],
    ['refuse', 'refused (advertising)'],
  ])('advertising is pointed out on a channel that says %s', async (advertising, happens) => {
    const told = await look(bill({ serviceName: '半額クーポン' }), { at: DAY, channel: { advertising } })
    expect(rowOf(told, 'what happens')).toContain(happens)
    expect(rowOf(told, 'advertises')).toMatch(/^messages\[0\]\..*: wanted no advertising, found [a-z-]+: /)
    expect(isFaulty(told.preview)).toBe(true)
  })
})

test('of many recipients some are drawn, and of the others it is said what would become of them', async () => {
  const at = '2026-08-10T09:00:00+09:00'
  const person = (number: number, phone = `090-1234-${String(number).padStart(4, '0')}`) => ({
    id: `C-${number}`,
    phone,
    timeZone: null,
    name: null,
  })
  const affected = [
    ...Array.from({ length: 1_200 }, (_, index) => person(index)),
    person(1_200, ''),
    person(1_201, ''),
    person(1_202, '12'),
  ]
  const told = await look({ ...example('outage-notice'), occurredAt: Date.parse(at), affected }, { at, most: 2 })
  expect(frameOf(told).filter((line) => line.startsWith('┌'))).toHaveLength(2)
  expect(linesOf(told)).toContain('1,201 more: 1,198 would be sent at once, 2 refused: no-phone, 1 refused: unusable-phone')
  expect(isFaulty(told.preview)).toBe(true)
})

test('a record of LINE’s review is asked for by the fingerprint of the message as it is, and a route without one is shown all the same', async () => {
  const told = await look('examples/payment-due.json', { at: DAY })
  expect(rowOf(told, 'review')).toMatch(
    /^([0-9a-f]{16}): not reviewed: the route has nothing beside a flexible message; have LINE review the message, then write review: .*fingerprint: "\1" }$/,
  )
  expect(linesOf(told)).toContain('                A worker does not start without it.')
  const shadow = await look('examples/payment-due.json', { at: DAY, channel: { mode: 'shadow' } })
  expect(linesOf(shadow).join('\n')).not.toContain('A worker does not start')
  expect(rowOf(await look('examples/order-ready.json', { at: DAY }), 'review')).toBeUndefined()
})

test('other routes may be faulty: the preview is how they are mended', async () => {
  const routes = {
    'bill.avsc': BILL,
    'bill.yaml': BILL_ROUTE,
    'broken.yaml': changed(BILL_ROUTE, [
      ['route: bill', 'route: broken'],
      ['bill-finalized', 'news'],
      ['jp.example.Bill', 'x'],
    ]),
  }
  const event = { eventId: 'E', at: Date.parse(DAY), due: null, amount: 1, paid: false, others: [], phones: [], labels: {} }
  const told = await look({ ...event, customer: { id: 'C-1', phone: '090-1234-0101' } }, { at: DAY, routes })
  expect(rowOf(told, 'what happens')).toBe('would be sent at once')
  expect(linesOf(told)).toContain(
    'Other route files have faults: `tsuchi check` says which, and a worker does not start with them.',
  )
  await expect(look({ ...event, amount: 'x' }, { at: DAY, routes })).rejects.toThrow(
    /amount: wanted a whole number \(long\)[\s\S]*Routes with faults were not looked at:\n {2}.*broken\.yaml:2 purpose: /,
  )
})

test('headers name the event before its fields do', async () => {
  const told = await look('examples/payment-due.json', {
    at: DAY,
    headers: { ce_source: 'urn:core', ce_id: 'E-7', ce_time: '2026-08-24T09:30:00+09:00' },
  })
  expect(rowOf(told, 'event')).toBe('examples/payment-due.json: E-7 of urn:core')
  expect(rowOf(told, 'happened')).toBe('at 09:30 on 24 August (Asia/Tokyo)')
})

test('above the message stands all that is said about it', async () => {
  const told = await look('examples/payment-due.json', {
    at: EVENING,
    channel: { price: { currency: 'JPY', template: 5, flexible: 7.5 } },
    env: SECRETS,
  })
  const lines = linesOf(told)
  expect(
    lines
      .slice(0, lines.indexOf('┌──────────────────────────────────────────┐'))
      .map((line) => line.replace(/[0-9a-f]{64}/, '…').replace(/^(review +).*/, '$1…')),
  ).toEqual([
    'event           examples/payment-due.json: 0d3f5a52-6c1e-4a44-9b1e-3f1f0c6b7a01 of jp.example.billing',
    'type            jp.example.billing.PaymentDue',
    'happened        at 10:00 on 24 August (Asia/Tokyo)',
    'looked at       as of 22:30 on 24 August (Asia/Tokyo)',
    'route           payment-due (routes/payment-due.yaml), the only route whose schema the event fits',
    'topic           billing.payment-due',
    'purpose         payment-due',
    'channel         main (provider line, mode live)',
    'endpoint        flexible',
    'review          …',
    '                A worker does not start without it.',
    '',
    'customer        C-10482',
    'recipientRef    …',
    'subject         invoice/INV-2026-08-004211',
    'expires         at 00:00 on 1 September (Asia/Tokyo)',
    'fallback        sms, after 6 h',
    'cost            7.5 JPY',
    'what happens    waits until 08:00 on 25 August (Asia/Tokyo): quiet hours 21:00–08:00',
    '',
    'push notification and talk list: 【お支払い期限】さくら電力 12,800円を8月31日(月)までにお支払いくだ',
    'さい。',
  ])
  expect(lines.at(-1)).toContain('Nothing was sent or written.')
})

test('programs get all of it, and neither the number nor its hash', async () => {
  const told = await look('examples/payment-due.json', { at: EVENING, env: SECRETS })
  const json = JSON.stringify(asJson(told))
  expect(JSON.parse(json)).toMatchObject({
    sound: true,
    from: 'examples/payment-due.json',
    at: '2026-08-24T13:30:00.000Z',
    event: { source: 'jp.example.billing', time: '2026-08-24T01:00:00.000Z' },
    route: { name: 'payment-due', purpose: 'payment-due', channel: { name: 'main', provider: 'line', mode: 'live' } },
    recipients: [
      {
        customerId: 'C-10482',
        recipientRef: expect.stringMatching(/^[0-9a-f]{64}$/),
        fate: { kind: 'waits', reason: 'quiet-hours', until: '2026-08-24T23:00:00.000Z' },
        subject: 'invoice/INV-2026-08-004211',
        expiresAt: '2026-08-31T15:00:00.000Z',
        broken: [],
        message: { endpoint: 'flexible', messages: [{ type: 'flex' }] },
      },
    ],
  })
  const phone = readPhone('090-1234-0101', 'JP')
  if (phone.kind !== 'phone') throw new Error(phone.kind)
  for (const said of [json, linesOf(told).join('\n')]) {
    expect(said).not.toContain('1234-0101')
    expect(said).not.toContain('9012340101')
    expect(said).not.toContain(hashPhone(phone.e164))
  }
})

test('beside a simulator nothing is said to be reviewed that is not', async () => {
  const channel = { provider: 'line-simulator', baseUrl: 'http://localhost:1' }
  const told = await look('examples/payment-due.json', { at: DAY, channel })
  expect(rowOf(told, 'review')).toMatch(
    /^[0-9a-f]{16}: the route has no record of LINE's review of this message, and its channel needs none$/,
  )
  expect(linesOf(told).join()).not.toContain('A worker does not start without it.')
})

test('very many recipients are each counted, and how far it has come is told', async () => {
  const affected = Array.from({ length: 1_200 }, (_, index) => ({
    id: `C-${index}`,
    phone: index === 700 ? '' : `0901000${String(index).padStart(4, '0')}`,
    timeZone: null,
    name: '佐藤 太郎',
  }))
  const steps: [number, number][] = []
  const event = { ...example('outage-notice'), affected: [...affected, ...affected.slice(0, 1)] }
  const told = await look(event, { at: '2026-08-10T02:30:00+09:00', onProgress: (done, total) => steps.push([done, total]) })
  expect(told.preview.recipients.map(({ index }) => index)).toEqual(Array.from({ length: 1_201 }, (_, index) => index))
  expect(linesOf(told)).toContain('1,198 more: 1,196 would be sent at once, 1 refused: no-phone, 1 duplicate')
  expect(steps).toEqual([
    [500, 1_201],
    [1_000, 1_201],
  ])
})
