import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { askBotInfo } from '../../src/providers/line/bot-info.ts'
import { askDeliveryCount } from '../../src/providers/line/delivery-count.ts'
import { issueOnce } from '../../src/providers/line/issue-once.ts'
import { createTokens, type TokenEvent } from '../../src/providers/line/tokens.ts'
import { askWebhookEndpoint } from '../../src/providers/line/webhook-endpoint.ts'
import { testWebhook } from '../../src/providers/line/webhook-test.ts'
import { runsOf } from './fuzz-runs.ts'
import { answer, startPeer } from './line-peer.ts'
import { IN_TIME, mutated, mutatedText } from './mutated.ts'

const TOKEN = 'c4naryT0ken'
const SECRET = 'c4naryS3cret'

const QUESTIONS = {
  askBotInfo,
  askWebhookEndpoint,
  testWebhook,
  askDeliveryCount: (question: Parameters<typeof askBotInfo>[0]) => askDeliveryCount(question, 'template', '2026-11-22'),
}
const KINDS: Readonly<Record<keyof typeof QUESTIONS, RegExp>> = {
  askBotInfo: /^(known|refused|absent|unclear|foreign|unreachable)$/,
  askWebhookEndpoint: /^(registered|none|refused|unclear|foreign|unreachable)$/,
  testWebhook: /^(answered|failed|refused|absent|unclear|foreign|unreachable)$/,
  askDeliveryCount: /^(ready|unready|out-of-service|refused|absent|unclear|foreign|unreachable)$/,
}
const NAMES = Object.keys(QUESTIONS) as (keyof typeof QUESTIONS)[]

const ANSWERS = [
  '{"userId":"U8e742f61d673b39c7fff3cecb7536ef0"}',
  '{"endpoint":"https://example.com/line","active":true}',
  '{"success":false,"timestamp":"2026-11-22T00:00:00Z","statusCode":0,"reason":"COULD_NOT_CONNECT","detail":"ECONNREFUSED"}',
  '{"status":"ready","success":3}',
  '{"status":"out_of_service"}',
  '{"access_token":"A","expires_in":900,"token_type":"Bearer"}',
  '{"error":"invalid_client"}',
]
const body = fc.oneof(fc.constantFrom(...ANSWERS), mutatedText(fc.constantFrom(...ANSWERS)), fc.json())
const status = fc.oneof({ weight: 3, arbitrary: fc.constant(200) }, fc.integer({ min: 200, max: 999 }))
const raw = fc.oneof(
  fc.tuple(status, body).map(([code, text]) => Buffer.from(answer(code, text, ['Connection: close']))),
  mutated(fc.constantFrom(...ANSWERS.map((text) => Buffer.from(answer(200, text))))),
)

test(
  'whatever comes down the wire, every question ends in a word of its own, and says nothing of the token',
  async () => {
    let given: Buffer = Buffer.of()
    const { origin } = await startPeer(({ socket }) => socket.end(given))
    await fc.assert(
      fc.asyncProperty(raw, fc.constantFrom(...NAMES), async (bytes, name) => {
        given = bytes
        const found = await QUESTIONS[name]({ baseUrl: origin, headers: {}, token: TOKEN, deadlineMs: 2_000 })
        expect(found.kind).toMatch(KINDS[name])
        expect(JSON.stringify(found)).not.toContain(TOKEN)
        for (const each of Object.values(found)) if (typeof each === 'number') expect(Number.isFinite(each)).toBe(true)
      }),
      runsOf(200),
    )
  },
  IN_TIME,
)

const trickling = (first: string, more: string) => (socket: Socket) => {
  socket.write(first)
  const timer = setInterval(() => socket.write(more), 20)
  const stop = () => clearInterval(timer)
  socket.once('close', stop)
  onTestFinished(stop)
}
const bomb = gzipSync(Buffer.alloc(1 << 26, ' '))
const head = (...more: readonly string[]) => ['HTTP/1.1 200 X', ...more, '', ''].join('\r\n')

test.each<[string, string, (socket: Socket) => void]>([
  ['never answers', 'unreachable', () => {}],
  ['trickles headers', 'unreachable', trickling('HTTP/1.1 200 X\r\n', 'A: b\r\n')],
  ['trickles a body', 'unreachable', trickling(head('Transfer-Encoding: chunked'), '1\r\n \r\n')],
  [
    'compresses 64 MiB',
    'foreign',
    (socket) => socket.end(Buffer.concat([Buffer.from(head('Content-Encoding: gzip', `Content-Length: ${bomb.length}`)), bomb])),
  ],
  ['leads to itself', 'absent', (socket) => socket.end('HTTP/1.1 302 X\r\nLocation: /\r\nContent-Length: 0\r\n\r\n')],
])(
  'one that %s is told of as %s',
  async (_, kind, respond) => {
    const { origin } = await startPeer(({ socket }) => respond(socket))
    for (const name of NAMES) {
      const found = await QUESTIONS[name]({ baseUrl: origin, headers: {}, token: TOKEN, deadlineMs: 300 })
      expect(found.kind).toBe(name === 'askWebhookEndpoint' && kind === 'absent' ? 'none' : kind)
    }
  },
  IN_TIME,
)

test(
  'what has no end is not read on',
  async () => {
    let written = 0
    const { origin } = await startPeer(({ socket }) => {
      socket.write(head('Transfer-Encoding: chunked'))
      const pour = (): void => {
        if (socket.destroyed) return
        written += 1
        socket.write(`10000\r\n${' '.repeat(1 << 16)}\r\n`, pour)
      }
      pour()
    })
    expect(await askBotInfo({ baseUrl: origin, headers: {}, token: TOKEN, deadlineMs: 10_000 })).toEqual({ kind: 'foreign' })
    expect(written).toBeLessThan(400)
  },
  IN_TIME,
)

test(
  'whatever a token endpoint answers, it is a token that a header can carry for a time that ends, or a failure without secrets',
  async () => {
    let given: Buffer = Buffer.of()
    const { origin } = await startPeer(({ socket }) => socket.end(given))
    const source = { kind: 'stateless', url: `${origin}/token`, clientId: '1', clientSecret: SECRET } as const
    await fc.assert(
      fc.asyncProperty(raw, async (bytes) => {
        given = bytes
        const issued = await issueOnce(source, 2_000)
        if (issued.kind === 'failed') {
          expect(issued.reason).not.toContain(SECRET)
          return
        }
        expect(issued.token).toMatch(/^[\x21-\x7e]+$/)
        expect(issued.lifetimeMs).toBeGreaterThanOrEqual(1_000)
        expect(issued.lifetimeMs).toBeLessThanOrEqual(30 * 86_400_000)
      }),
      runsOf(150),
    )
  },
  IN_TIME,
)

test.each([
  ['-1', null],
  ['0', null],
  ['1e-9', null],
  ['0.999', null],
  ['"900"', null],
  ['null', null],
  ['NaN', null],
  ['1', 1_000],
  ['900', 900_000],
  ['1e9', 30 * 86_400_000],
  ['1e999', 30 * 86_400_000],
])(
  'a token that lives for %s: %s ms, and where that is no life, the next is not asked for at once',
  async (seconds, lifetimeMs) => {
    let asked = 0
    const { origin } = await startPeer(({ socket }) => {
      asked += 1
      socket.end(answer(200, `{"access_token":"A","expires_in":${seconds}}`))
    })
    const events: TokenEvent[] = []
    const source = { kind: 'stateless', url: `${origin}/token`, clientId: '1', clientSecret: SECRET } as const
    const tokens = createTokens({ source, monotonic: () => 1_000_000, onEvent: (event) => events.push(event) })
    onTestFinished(() => tokens.close())
    const readings = [await tokens.take(), await tokens.take(), await tokens.take()]
    expect(asked).toBe(1)
    if (lifetimeMs === null) expect(readings).toEqual(Array(3).fill({ kind: 'none', retryAfterMs: 1_000 }))
    else expect(events).toEqual([{ kind: 'renewed', lifetimeMs }])
  },
)
