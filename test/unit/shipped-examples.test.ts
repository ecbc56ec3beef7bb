import { readdirSync, readFileSync } from 'node:fs'
import avsc from 'avsc'
import { describe, expect, test } from 'vitest'
import { barredBy } from '../../src/domain/bar.ts'
import type { Marking } from '../../src/domain/mark.ts'
import type { Message } from '../../src/domain/message.ts'
import { PURPOSES } from '../../src/domain/purpose.ts'
import type { Notification } from '../../src/domain/request.ts'
import { createSealer, openContent } from '../../src/domain/seal.ts'
import { interpret } from '../../src/intake/interpret.ts'
import type { Route } from '../../src/intake/route.ts'
import { routeFor, surveyRoutes } from '../../src/intake/routes.ts'
import { refuseFlexible } from '../../src/line-simulator/flexible-rules.ts'
import { refuseTemplate } from '../../src/line-simulator/template-rules.ts'
import { SHIPPED_CATALOGUE } from '../../src/providers/line/catalogue.ts'
import { RULES, SURROUNDINGS } from './route-folder.ts'

/** With the simulator's rules: LINE has reviewed none of the shipped messages. */
const { routes, faults, warnings } = surveyRoutes({ ...SURROUNDINGS, directory: 'routes' })
const { seal, open } = createSealer([new Uint8Array(32).fill(1)])

/** What a phone shows before the message is opened; of LINE's own templates, which have no such text, the key. */
const HEADLINES: Readonly<Record<string, string>> = {
  'application-completed': '【お申し込み完了】みらい光インターネットのお申し込みを受け付けました。',
  'bill-finalized': '【料金確定】さくら電力 2026年7月ご利用分のご請求金額は12,800円です。',
  'delivery-due': '【お届け予定】ご注文の商品を8月11日(火) 14:00〜16:00にお届けいたします。',
  'order-ready': 'order_item_completion_ja',
  'order-received': '【ご注文完了】みらい眼鏡 川崎店にてご注文（A-204815）を承りました。',
  'order-shipped': '【発送完了】みらい眼鏡 川崎店でご注文の商品（A-204815）を発送いたしました。',
  'outage-notice': '【障害のお知らせ】川崎市中原区で光インターネットをご利用いただけない状態が発生しています。',
  'outage-restored': '【復旧のお知らせ】川崎市中原区の光インターネットは復旧いたしました。',
  'payment-completed': '【お支払い完了】さくら電力 12,800円のお支払いを確認いたしました。',
  'payment-due': '【お支払い期限】さくら電力 12,800円を8月31日(月)までにお支払いください。',
  'registration-completed': '【ご登録完了】マイさくら会員サイトへのご登録が完了いたしました。',
  'reservation-confirmed': '【ご予約完了】みなと歯科クリニック 8月10日(月) 14:30〜',
  'reservation-reminder': '【ご予約のリマインド】みなと歯科クリニック 8月10日(月) 14:30〜',
}

/** What the examples are about; one name for what belongs together. */
const SUBJECTS: Readonly<Record<string, readonly [subject: string, revision: number | null]>> = {
  'application-completed': ['application/AP-2026-031877', null],
  'bill-finalized': ['invoice/INV-2026-08-004211', 1],
  'delivery-due': ['order/B-773104', 3],
  'order-ready': ['order/A-204815', 3],
  'order-received': ['order/A-204815', 1],
  'order-shipped': ['order/A-204815', 2],
  'outage-notice': ['incident/INC-20260810-01', 1],
  'outage-restored': ['incident/INC-20260810-01', 2],
  'payment-completed': ['payment/PAY-99120457', null],
  'payment-due': ['invoice/INV-2026-08-004211', null],
  'registration-completed': ['registration/M-7740215', null],
  'reservation-confirmed': ['reservation/R-88120', 1],
  'reservation-reminder': ['reservation/R-88120', null],
}

const CALLED_OFF: Readonly<Record<string, string>> = {
  'invoice-settled': 'invoice/INV-2026-08-004211',
  'reservation-cancelled': 'reservation/R-88120',
}

const RECIPIENTS: Readonly<Record<string, number>> = { 'outage-notice': 3, 'outage-restored': 3 }

test('nothing is wrong with the shipped routes, nor odd', () => {
  expect({ faults, warnings }).toEqual({ faults: [], warnings: [] })
})

test('LINE has to review each shipped message of its own before real people get it, and the templates not', () => {
  const live = { ...RULES, review: 'required' as const }
  const { faults, routes: ready } = surveyRoutes({ ...SURROUNDINGS, channels: new Map([['main', live]]), directory: 'routes' })
  const flexible = routes.filter((route) => route.kind === 'notify' && route.endpoint === 'flexible')
  expect(faults.map(({ file, field }) => `${file} ${field}`)).toEqual(flexible.map(({ file }) => `${file} review`))
  expect(ready.map(({ id }) => id)).toEqual(['invoice-settled', 'order-ready', 'reservation-cancelled'])
})

test('no shipped message advertises: even a channel that refuses that sends them, 口座振替割引 and all', () => {
  const strict = { ...RULES, advertising: 'refuse' as const }
  const survey = surveyRoutes({ ...SURROUNDINGS, channels: new Map([['main', strict]]), directory: 'routes' })
  expect(survey.faults).toEqual([])
  const { ready } = requestsOf('bill-finalized', eventOf('bill-finalized'), survey.routes)
  expect(JSON.stringify(ready)).toContain('口座振替割引として55円を差し引いております。')
})

test('every purpose has a route, and every route an example', () => {
  const purposes = new Set(routes.flatMap((route) => (route.kind === 'notify' ? [route.purpose] : [])))
  expect(purposes).toEqual(new Set(PURPOSES))
  const names = routes.map(({ id }) => id)
  expect(names).toEqual(namesIn('examples', '.json'))
  expect(names).toEqual(namesIn('schemas/events', '.avsc'))
  expect(names).toEqual([...Object.keys(HEADLINES), ...Object.keys(CALLED_OFF)].toSorted())
})

test('every route has a topic of its own, so that its events have one schema under the name of the topic', () => {
  expect(new Set(routes.map(({ topic }) => topic)).size).toBe(routes.length)
})

test.each(routes.map((route) => [route.id, route] as const))('the example %s is found by its record name', (name, route) => {
  expect(routeFor(routes, { topic: route.topic, ceType: undefined, recordName: typeOf(name).name ?? '' })).toBe(route)
})

describe.each(Object.entries(HEADLINES))('the example %s', (name, headline) => {
  const { marks, ready } = requestsOf(name)

  test('renders through its route without violations, and names what it is about', () => {
    expect(ready.map(({ message }) => headlineOf(message))).toEqual(Array(RECIPIENTS[name] ?? 1).fill(headline))
    for (const { notification } of ready) expect([notification.subject, notification.revision]).toEqual(SUBJECTS[name])
  })

  test('tells every partition of its revision, if it has one', () => {
    const [subject, revision] = SUBJECTS[name] ?? []
    expect(marks).toEqual(revision === null ? [] : [{ subject, cancelledAt: null, revision }])
  })

  test("is taken by the simulator, whose rules are not tsuchi's", () => {
    for (const { message } of ready) {
      const { endpoint, ...body } = message
      const push = { to: '0'.repeat(64), ...body }
      expect(endpoint === 'template' ? refuseTemplate(push, SHIPPED_CATALOGUE) : refuseFlexible(push)).toBeUndefined()
    }
  })

  test('has links that begin with https, and pictures nowhere', () => {
    const text = JSON.stringify(ready.map(({ message }) => message))
    const links = [...text.matchAll(/"(?:uri|url)":"([^"]*)"/g)].map(([, link]) => link)
    expect(links.length).toBeGreaterThan(0)
    for (const link of links) expect(link).toMatch(/^https:\/\/[a-z]+\.example\.jp\//)
    expect(text).not.toMatch(/"type":"(image|video|audio|imagemap|icon)"/)
  })
})

test.each(Object.entries(CALLED_OFF))(
  'the example %s calls off its subject in every partition, and notifies nobody',
  (name, subject) => {
    const { marks, ready } = requestsOf(name)
    expect(ready).toEqual([])
    expect(marks).toEqual([{ subject, cancelledAt: eventOf(name).occurredAt, revision: null }])
  },
)

test.each([
  ['order-received', 'superseded', 'order-shipped'],
  ['order-shipped', 'superseded', 'order-ready'],
  ['order-ready', 'left alone', 'order-received'],
  ['order-ready', 'left alone', 'delivery-due'],
  ['outage-notice', 'superseded', 'outage-restored'],
  ['outage-restored', 'left alone', 'outage-notice'],
  ['reservation-confirmed', 'cancelled', 'reservation-cancelled'],
  ['reservation-reminder', 'left alone', 'reservation-confirmed'],
  ['reservation-reminder', 'cancelled', 'reservation-cancelled'],
  ['payment-due', 'left alone', 'bill-finalized'],
  ['bill-finalized', 'cancelled', 'invoice-settled'],
  ['payment-due', 'cancelled', 'invoice-settled'],
  ['payment-completed', 'left alone', 'invoice-settled'],
])('what waits of %s is %s by %s', (waiting, end, news) => {
  for (const { notification } of requestsOf(waiting).ready) {
    const known = requestsOf(news).marks.find(({ subject }) => subject === notification.subject)
    expect(barredBy(known && { ...known, forgetAt: 0, pending: false }, notification) ?? 'left alone').toBe(end)
  }
})

test('what lacks all that is optional renders as well', () => {
  for (const route of routes) {
    const { ready } = requestsOf(route.id, withoutOptional(route.id))
    expect([route.id, ready.length]).toEqual([route.id, requestsOf(route.id).ready.length])
  }
})

test.each([
  ['reservation-confirmed', '【ご予約変更】みなと歯科クリニック 8月10日(月) 14:30〜'],
  ['bill-finalized', '【料金訂正】さくら電力 2026年7月ご利用分のご請求金額は12,800円です。'],
])('%s says of a later revision that something has changed', (name, headline) => {
  const { ready } = requestsOf(name, { ...eventOf(name), revision: 2 })
  expect(ready.map(({ message }) => headlineOf(message))).toEqual([headline])
})

interface ExampleEvent {
  readonly occurredAt: number
  readonly [field: string]: unknown
}

function namesIn(directory: string, ending: string): string[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith(ending))
    .map((file) => file.slice(0, -ending.length))
    .toSorted()
}

function typeOf(name: string): avsc.Type {
  return avsc.Type.forSchema(JSON.parse(readFileSync(`schemas/events/${name}.avsc`, 'utf8')))
}

function eventOf(name: string): ExampleEvent {
  return JSON.parse(readFileSync(`examples/${name}.json`, 'utf8'))
}

function routeOf(name: string, among: readonly Route[]): Route {
  const route = among.find(({ id }) => id === name)
  if (!route) throw new Error(`no route ${name}`)
  return route
}

/** What intake makes of the event: what goes to every partition, and what goes to people. Refused requests are faults here. */
function requestsOf(name: string, event: ExampleEvent = eventOf(name), among: readonly Route[] = routes) {
  const route = routeOf(name, among)
  const type = typeOf(name)
  const record = { position: { topic: route.topic, partition: 0, offset: 0 }, headers: new Map(), timestamp: 0 }
  const context = { now: event.occurredAt, pepper: new Uint8Array(32), seal }
  const interpretation = interpret(route, type.fromBuffer(type.toBuffer(event)), record, context)
  if (interpretation.kind !== 'requests') throw new Error(`${name}: ${interpretation.kind}`)
  const marks: Omit<Marking, 'forgetAt'>[] = []
  const ready: { notification: Notification; message: Message }[] = []
  for (const request of interpretation.requests) {
    if (request.kind === 'mark') {
      const { subject, cancelledAt, revision } = request.marking
      marks.push({ subject, cancelledAt, revision })
    } else if (request.kind === 'ready') {
      const { notification, sealed } = request
      ready.push({ notification, message: openContent(sealed, notification.notificationId, open).message })
    } else throw new Error(JSON.stringify(request))
  }
  return { marks, ready }
}

function headlineOf(message: Message): unknown {
  return message.endpoint === 'template' ? message.templateKey : message.messages[0]?.altText
}

/** Without what the schema lets be null, at any depth: its defaults fill that in. */
function withoutOptional(name: string): ExampleEvent {
  const optional = new Set<string>()
  JSON.parse(readFileSync(`schemas/events/${name}.avsc`, 'utf8'), (_, value) => {
    if (value?.default === null) optional.add(value.name)
    return value
  })
  return JSON.parse(JSON.stringify(eventOf(name), (key, value) => (optional.has(key) ? undefined : value)))
}
