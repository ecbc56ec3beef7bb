import { readFileSync } from 'node:fs'
import avsc from 'avsc'
import { describe, expect, test } from 'vitest'
import { createSealer, openContent } from '../../src/domain/seal.ts'
import { interpret } from '../../src/intake/interpret.ts'
import { loadRoutes, routeFor } from '../../src/intake/routes.ts'
import { violationsOf } from '../../src/providers/line/content-rules.ts'
import { SURROUNDINGS } from './route-folder.ts'

const routes = loadRoutes({ ...SURROUNDINGS, directory: 'routes' })
const { seal, open } = createSealer([new Uint8Array(32).fill(1)])

/** What a phone shows before the message is opened. */
const ALT_TEXTS = {
  'payment-due': ['【お支払い期限】さくら電力 12,800円を8月31日(月)までにお支払いください。'],
  'reservation-reminder': ['【ご予約のリマインド】みなと歯科クリニック 8月10日(月) 14:30〜'],
  'outage-notice': Array.from(
    { length: 3 },
    () => '【障害のお知らせ】川崎市中原区で光インターネットをご利用いただけない状態が発生しています。',
  ),
}

describe.each(Object.entries(ALT_TEXTS))('the example %s', (name, altTexts) => {
  const type = avsc.Type.forSchema(JSON.parse(readFileSync(`schemas/events/${name}.avsc`, 'utf8')))
  const event: unknown = type.fromBuffer(type.toBuffer(JSON.parse(readFileSync(`examples/${name}.json`, 'utf8'))))
  const route = routes.find(({ id }) => id === name)
  if (!route) throw new Error(`no route ${name}`)

  test('is found by its record name', () => {
    expect(routeFor(routes, { topic: route.topic, ceType: undefined, recordName: type.name ?? '' })).toBe(route)
  })

  test('renders through its route without violations', () => {
    const record = { position: { topic: route.topic, partition: 0, offset: 0 }, headers: new Map(), timestamp: 0 }
    const requests = interpret(route, event, record, { now: 0, pepper: new Uint8Array(32), seal, violationsOf })
    const texts = requests.map((request) => {
      if (request.kind !== 'ready') throw new Error(JSON.stringify(request))
      const { message } = openContent(request.sealed, request.notification.notificationId, open)
      return message.endpoint === 'flexible' ? message.messages[0]?.altText : undefined
    })
    expect(texts).toEqual(altTexts)
  })
})
