import { createServer, type Server } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { testWebhook, type WebhookTest } from '../../src/providers/line/webhook-test.ts'
import { closedPort, listen } from './line-peer.ts'

/** LINE, or a relay, that answers so; and what it was asked. */
const peer = async (status: number, body: string) => {
  const asked: { readonly line: string; readonly headers: Readonly<Record<string, unknown>>; readonly body: string }[] = []
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      asked.push({
        line: `${request.method} ${request.url}`,
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      })
      response.writeHead(status).end(body)
    })
  })
  const port = await listen(server)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { asked, baseUrl: `http://127.0.0.1:${port}/relay/` }
}
const question = (baseUrl: string) => ({ baseUrl, headers: { 'x-partner': 'p' }, token: 'a-token', deadlineMs: 5_000 })
const said = (rest: object) => JSON.stringify({ success: false, timestamp: '2026-08-10T00:00:00Z', ...rest })

test('asks for a test of the URL that LINE has, with the token and the headers of the channel', async () => {
  const { asked, baseUrl } = await peer(200, said({ success: true, statusCode: 200, reason: 'OK', detail: '200' }))
  expect(await testWebhook(question(baseUrl))).toEqual({ kind: 'answered' })
  expect(asked).toMatchObject([
    {
      line: 'POST /relay/v2/bot/channel/webhook/test',
      headers: { authorization: 'Bearer a-token', 'x-partner': 'p', 'content-type': 'application/json' },
      body: '{}',
    },
  ])
})

test.each<[string, number, string, WebhookTest]>([
  [
    'a webhook that refuses: the status and LINE’s word, without what may quote the URL',
    200,
    said({ statusCode: 401, reason: 'ERROR_STATUS_CODE', detail: 'https://example.com/?secret' }),
    { kind: 'failed', status: 401, reason: 'ERROR_STATUS_CODE' },
  ],
  [
    'a webhook that is not there',
    200,
    said({ statusCode: 0, reason: 'COULD_NOT_CONNECT' }),
    { kind: 'failed', status: 0, reason: 'COULD_NOT_CONNECT' },
  ],
  [
    'a reason that is no word',
    200,
    said({ reason: 'see https://example.com' }),
    { kind: 'failed', status: 0, reason: 'UNKNOWN' },
  ],
  ['a token that is not known', 401, '{}', { kind: 'refused', status: 401 }],
  ['no URL, or a relay that knows no such question', 404, '{"message":"Not found"}', { kind: 'absent', status: 404 }],
  ['too many within the hour', 429, '{}', { kind: 'unclear', status: 429 }],
  ['a page of somebody else’s', 200, '<html>', { kind: 'foreign' }],
])('%s', async (_, status, body, expected) => {
  const { baseUrl } = await peer(status, body)
  expect(await testWebhook(question(baseUrl))).toEqual(expected)
})

test('nobody there, and nobody who waits any more', async () => {
  const refused = await testWebhook(question(`http://127.0.0.1:${await closedPort()}`))
  expect(refused).toEqual({ kind: 'unreachable', code: 'ECONNREFUSED' })
  const { baseUrl } = await peer(200, '')
  const aborted = await testWebhook({ ...question(baseUrl), signal: AbortSignal.abort() })
  expect(aborted).toMatchObject({ kind: 'unreachable' })
})
