import { expect, onTestFinished, test, vi } from 'vitest'
import type { HashedPhone } from '../../src/domain/phone.ts'
import { PURPOSES } from '../../src/domain/purpose.ts'
import { digestOf, phoneOf } from '../../src/line-simulator/people.ts'
import { startSimulator } from '../../src/line-simulator/simulator.ts'
import { accepted, accepting, attempt, clientOf, TO } from './line-attempts.ts'
import { intention, settingOf } from './sender-fixture.ts'
import { SOON } from './soon.ts'

const TEMPLATE = { endpoint: 'template', templateKey: 'shipment_completed_ja', body: {} } as const
const FLEXIBLE = { endpoint: 'flexible', messages: [{ type: 'text', text: 'hello' }] } as const

test.each([
  [
    TEMPLATE,
    `{"to":"${TO}","templateKey":"shipment_completed_ja","body":{},"customAggregationUnits":["registration_completed"]}`,
  ],
  [FLEXIBLE, `{"to":"${TO}","messages":[{"type":"text","text":"hello"}],"customAggregationUnits":["registration_completed"]}`],
] as const)('the purpose is named to LINE beside the message: $0.endpoint', async (message, body) => {
  const peer = await accepting()
  const client = clientOf(peer.origin, { aggregationUnits: 'purpose' })
  expect(await client.send(attempt({ message, purpose: 'registration-completed' }))).toEqual(accepted)
  expect(peer.requests.map((request) => request.body)).toEqual([body])
})

test.each([TEMPLATE, FLEXIBLE])('a relay that may not know the field is not sent it: $endpoint', async (message) => {
  const peer = await accepting()
  await clientOf(peer.origin).send(attempt({ message }))
  expect(peer.requests[0]?.body).not.toContain('customAggregationUnits')
})

test('the purpose that LINE is told is that of the intention', async () => {
  const { sender, provider, reports, clock } = settingOf()
  sender.send([intention(1, { purpose: 'outage' })], clock.monotonic())
  await vi.waitUntil(() => reports.length === 1, SOON)
  expect(provider.started).toMatchObject([{ deliveryTag: 't1', purpose: 'outage' }])
})

test('LINE takes every purpose for a unit, and counts what it delivered by it', async () => {
  const simulator = await startSimulator()
  onTestFinished(() => simulator.stop())
  const client = clientOf(simulator.url, {
    aggregationUnits: 'purpose',
    token: { kind: 'stateless', clientId: '100', clientSecret: 's', url: `${simulator.url}/oauth2/v3/token` },
  })
  const begun = today()
  const send = (purpose: (typeof PURPOSES)[number], n: number) =>
    client.send(attempt({ to: digestOf(phoneOf('reachable', n)) as HashedPhone, purpose }))
  for (const purpose of PURPOSES) expect(await send(purpose, 0), purpose).toMatchObject({ kind: 'accepted' })
  for (let n = 1; n < 20; n++) await send('payment-due', n)

  expect(await asked(simulator.url, '/v2/bot/message/aggregation/list')).toEqual({
    customAggregationUnits: PURPOSES.map((purpose) => purpose.replaceAll('-', '_')),
  })
  const query = `customAggregationUnit=payment_due&from=${begun}&to=${today()}`
  const counted = await asked(simulator.url, `/v2/bot/insight/message/event/aggregation?${query}`)
  expect(counted, 'below 20 LINE keeps it to itself').toMatchObject({ overview: { uniqueImpression: 20 } })
})

const today = () => Temporal.Now.plainDateISO('Asia/Tokyo').toString().replaceAll('-', '')

const asked = async (url: string, path: string): Promise<unknown> => {
  const issued = await fetch(`${url}/oauth2/v3/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'grant_type=client_credentials&client_id=100&client_secret=s',
  })
  const { access_token: token } = (await issued.json()) as { access_token: string }
  const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } })
  return answer.json()
}
