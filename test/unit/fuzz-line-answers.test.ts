import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Outcome } from '../../src/domain/outcome.ts'
import { encodeFeedback } from '../../src/kafka/internal-codec.ts'
import { NEWEST_FORMAT } from '../../src/kafka/internal-records.ts'
import { outcomeOf, readHeaders } from '../../src/providers/line/outcome.ts'
import { runsOf } from './fuzz-runs.ts'
import { attempt, clientOf, TO, tag } from './line-attempts.ts'
import { answer, startPeer } from './line-peer.ts'
import { IN_TIME, mutated, mutatedText, STUMBLING_BLOCKS } from './mutated.ts'

/** The table, said once more. */
const kindFor = (status: number, body: string, requestId: string | null): string => {
  if (status === 200 || status === 202) return body.trimStart().startsWith('<') && requestId === null ? 'unknown' : 'accepted'
  if (status === 422) return 'unreachable'
  if ([401, 403, 429, 301, 302, 307, 308].includes(status)) return 'not-sent'
  if (status === 408 || status < 400 || status > 499) return 'unknown'
  return 'rejected'
}

/** It can be journalled, and is short and harmless wherever it is shown. */
const expectSound = (outcome: Outcome): void => {
  expect(
    encodeFeedback({ kind: 'handover', report: { deliveryTag: tag(1), outcome, at: 0 } }, NEWEST_FORMAT).length,
  ).toBeLessThan(2_000)
  const words = JSON.stringify(outcome)
  expect(words).not.toContain(TO)
  expect(words).not.toContain('T0ken')
  for (const text of Object.values(outcome))
    if (typeof text === 'string') expect(text).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u)
  if (outcome.kind === 'not-sent' && outcome.retryAfterMs !== null) {
    expect(Number.isSafeInteger(outcome.retryAfterMs)).toBe(true)
    expect(outcome.retryAfterMs).toBeGreaterThanOrEqual(0)
  }
}

const BODIES = [
  '{}',
  '',
  '{"message":"Failed to send messages"}',
  '{"message":"You have reached your monthly limit."}',
  '{"message":"The request body has 2 error(s)","details":[{"message":"May not be empty","property":"messages[0].text"}]}',
  '{"details":[{"property":"a\\u001b[31m\\u202e\\ud800"}]}',
  '<!doctype html><title>log in</title>',
  ' \n<?xml version="1.0"?><Error/>',
]
const body = fc.oneof(fc.constantFrom(...BODIES), mutatedText(fc.constantFrom(...BODIES)), fc.json())
const DATES = [
  'Wed, 21 Oct 2026 07:28:00 GMT',
  'Wed, 21 Oct 9999 07:28:00 GMT',
  'Thu, 01 Jan 1970 00:00:00 GMT',
  'Wed, 21 Oct -99999',
]
const TIMES = [
  '0',
  '1',
  '30',
  '-1',
  '1e99',
  '1.5',
  'soon',
  '999999999',
  '9999999999',
  '0x10',
  'Infinity',
  'NaN',
  '1, 2',
  '٣',
  ...DATES,
]
const value = fc.oneof(
  fc.constantFrom(...TIMES, ...STUMBLING_BLOCKS),
  fc.string({ unit: 'binary' }),
  mutatedText(fc.constantFrom(...TIMES)),
)
const headers = fc
  .record({ 'x-line-request-id': value, 'retry-after': value, date: value }, { requiredKeys: [] })
  .chain((each) => fc.constantFrom(each, Object.fromEntries(Object.entries(each).map(([name, text]) => [name, [text, 'x']]))))

test(
  'every status with any headers and any body is the outcome of the table',
  () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: 0, max: 999 }), fc.constantFrom(200, 202, 400, 401, 422, 429)),
        headers,
        body,
        (status, given, text) => {
          const read = readHeaders(given)
          const outcome = outcomeOf(status, read, text)
          expect(outcome.kind).toBe(kindFor(status, text, read.requestId))
          expectSound(outcome)
        },
      ),
      runsOf(5_000),
    )
  },
  IN_TIME,
)

test.each([
  ['30', 30_000],
  ['0', 0],
  ['999999999', 999_999_999_000],
  ['9999999999', null],
  ['-1', null],
  ['1e99', null],
  ['1.5', null],
  ['soon', null],
  ['Infinity', null],
  ['٣', null],
  ['Wed, 21 Oct 2026 07:28:30 GMT', 30_000],
  ['Wed, 21 Oct 2015 07:28:30 GMT', 0],
  ['Wed, 21 Oct 9999 07:28:30 GMT', null],
])('retry-after %s is %s ms', (text, expected) => {
  const read = readHeaders({ 'retry-after': text, date: 'Wed, 21 Oct 2026 07:28:00 GMT' })
  expect(outcomeOf(429, read, '')).toMatchObject({ cause: 'rate-limited', retryAfterMs: expected })
})

test.each(['<html><body>It works!</body></html>', '\n <?xml version="1.0"?><ok/>', '<!DOCTYPE html>'])(
  'a success that is a page, and not from LINE (%s), is no success: nobody can know',
  (page) => {
    const foreign = { requestId: null, retryAfter: null, date: null }
    for (const status of [200, 202]) {
      expect(outcomeOf(status, foreign, page)).toEqual({ kind: 'unknown', requestId: null, cause: 'status' })
      expect(outcomeOf(status, { ...foreign, requestId: 'r1' }, page)).toEqual({ kind: 'accepted', requestId: 'r1' })
      // What is only torn, or missing, does not make an unknown of what LINE took.
      for (const text of ['', '{', 'OK', 'null']) expect(outcomeOf(status, foreign, text).kind).toBe('accepted')
    }
  },
)

const WHOLE = [
  answer(200),
  answer(202, '{}', ['X-Line-Request-Id: r1', 'Date: Wed, 21 Oct 2026 07:28:00 GMT']),
  answer(429, '{"message":"slow"}', ['Retry-After: 30']),
  answer(400, BODIES[4]),
  'HTTP/1.1 202 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
  `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${answer(422)}`,
].map((text) => Buffer.from(text))

test(
  'whatever comes down the wire, every send ends in an outcome, and only a 200 or 202 in a success',
  async () => {
    const answers = new Map<string, Buffer>()
    const peer = await startPeer(({ socket, header }) => {
      socket.write(answers.get(header('x-line-delivery-tag') ?? '') ?? Buffer.of())
      socket.end()
    })
    const client = clientOf(peer.origin, { deadlineMs: 20_000, connections: 16 })
    let counter = 0
    await fc.assert(
      fc.asyncProperty(fc.array(mutated(fc.constantFrom(...WHOLE)), { minLength: 1, maxLength: 16 }), async (given) => {
        const outcomes = given.map(async (each) => {
          const deliveryTag = tag(counter++)
          answers.set(deliveryTag, each)
          const outcome = await client.send(attempt({ deliveryTag }))
          answers.delete(deliveryTag)
          expectSound(outcome)
          if (outcome.kind === 'accepted') expect(each.toString('latin1')).toMatch(/HTTP\/1\.\d +20[02]/)
          // It was sent: what is said of it may not be that it was not.
          if (outcome.kind === 'not-sent') expect(outcome.cause).not.toMatch(/connect|send-by|no-token/)
        })
        await Promise.all(outcomes)
      }),
      runsOf(40),
    )
  },
  IN_TIME,
)

describe('a peer that', () => {
  const sendTo = async (respond: (socket: Socket) => void, deadlineMs = 10_000): Promise<Outcome> => {
    const peer = await startPeer(({ socket }) => respond(socket))
    const outcome = await clientOf(peer.origin, { deadlineMs }).send(attempt())
    expectSound(outcome)
    return outcome
  }
  const head = (status: number | string, ...more: readonly string[]) => [`HTTP/1.1 ${status} X`, ...more, '', ''].join('\r\n')
  const RESET = { kind: 'unknown', requestId: null, cause: 'reset' }
  const TIMEOUT = { kind: 'unknown', requestId: null, cause: 'timeout' }
  const ACCEPTED = { kind: 'accepted', requestId: null }
  const STATUS = { kind: 'unknown', requestId: null, cause: 'status' }
  const bomb = gzipSync(Buffer.alloc(1 << 26, ' '))

  test.each<[string, string | Buffer, object]>([
    ['answers with the status 0', head('000', 'Content-Length: 0'), RESET],
    ['answers with the status 999', head(999, 'Content-Length: 0'), STATUS],
    ['answers with the status 1000', head(1000, 'Content-Length: 0'), RESET],
    ['answers with a status that is no number', head('2xx', 'Content-Length: 0'), RESET],
    ['wants another protocol', head(101, 'Upgrade: h2c', 'Connection: upgrade'), RESET],
    ['speaks HTTP/2', Buffer.from('000000040000000000', 'hex'), RESET],
    ['speaks TLS', Buffer.from('15030300020228', 'hex'), RESET],
    ['echoes what it was sent', `POST / HTTP/1.1\r\n\r\n{"to":"${TO}"}`, RESET],
    [
      'rejects, and echoes the address',
      answer(400, `{"message":"${TO}","details":[{"message":"${TO}","property":"to"}]}`),
      { kind: 'rejected', requestId: null, status: 400, property: 'to' },
    ],
    ['accepts with a body longer than it says', `${head(202, 'Content-Length: 2')}{}{}`, ACCEPTED],
    ['accepts with a body shorter than it says', `${head(202, 'Content-Length: 9')}{}`, ACCEPTED],
    ['accepts with two lengths', `${head(202, 'Content-Length: 2', 'Content-Length: 3')}{}`, RESET],
    ['accepts with a length below zero', `${head(202, 'Content-Length: -1')}{}`, RESET],
    ['accepts with a length above all', `${head(202, 'Content-Length: 99999999999999999999')}{}`, RESET],
    [
      'accepts with a length and chunks',
      `${head(202, 'Content-Length: 2', 'Transfer-Encoding: chunked')}2\r\n{}\r\n0\r\n\r\n`,
      RESET,
    ],
    ['accepts with chunks that are none', `${head(202, 'Transfer-Encoding: chunked')}zz\r\n{}\r\n`, ACCEPTED],
    ['accepts with a chunk of 2^64', `${head(202, 'Transfer-Encoding: chunked')}ffffffffffffffff\r\n{}\r\n`, ACCEPTED],
    [
      'accepts with 64 MiB in 64 KiB of gzip',
      Buffer.concat([Buffer.from(head(202, 'Content-Encoding: gzip', `Content-Length: ${bomb.length}`)), bomb]),
      ACCEPTED,
    ],
    ['accepts, and says that it compressed', `${head(202, 'Content-Encoding: br', 'Content-Length: 2')}{}`, ACCEPTED],
    ['accepts with a page of its own', answer(200, '<html>log in</html>'), STATUS],
    ['has a header of 1 MB', head(202, `X-Line-Request-Id: ${'a'.repeat(1 << 20)}`, 'Content-Length: 0'), RESET],
    ['has a header with a NUL', head(202, 'X-A: a\0b', 'Content-Length: 0'), RESET],
    ['has the same header a thousand times', head(202, ...Array(1_000).fill('Date: x'), 'Content-Length: 0'), ACCEPTED],
  ])('%s', async (_, given, expected) => {
    expect(await sendTo((socket) => socket.end(given))).toEqual(expected)
  })

  test('has headers without an end is not read on', async () => {
    let written = 0
    const outcome = await sendTo((socket) => {
      socket.write('HTTP/1.1 202 X\r\n')
      const line = `X-A: ${'a'.repeat(1_000)}\r\n`
      const pour = (): void => {
        if (socket.destroyed) return
        written += line.length
        socket.write(line, pour)
      }
      pour()
    })
    expect(outcome).toEqual(RESET)
    expect(written).toBeLessThan(16 << 20)
  })

  test.each<[string, string, string, object]>([
    ['says without end that the answer is to come', '', 'HTTP/1.1 103 Early Hints\r\n\r\n', TIMEOUT],
    ['says that it goes on, though nobody asked', '', 'HTTP/1.1 100 Continue\r\n\r\n', RESET],
    ['trickles its status', 'H', '', TIMEOUT],
    ['trickles headers', 'HTTP/1.1 202 X\r\n', 'A: b\r\n', TIMEOUT],
    ['trickles a body', head(202, 'Content-Length: 9999'), ' ', ACCEPTED],
    ['trickles chunks', head(202, 'Transfer-Encoding: chunked'), '1\r\n \r\n', ACCEPTED],
    ['trickles the size of a chunk', head(202, 'Transfer-Encoding: chunked'), '0', ACCEPTED],
  ])(
    '%s is given up at the deadline',
    async (_, first, more, expected) => {
      const outcome = await sendTo((socket) => {
        socket.write(first)
        const timer = setInterval(() => socket.write(more), 5)
        const stop = () => clearInterval(timer)
        socket.once('close', stop)
        onTestFinished(stop)
      }, 200)
      expect(outcome).toEqual(expected)
    },
    IN_TIME,
  )

  test(
    'floods with 1xx takes no more than the deadline',
    async () => {
      const flood = 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(2_000)
      const outcome = await sendTo((socket) => {
        const pour = (): void => {
          if (!socket.destroyed) socket.write(flood, () => setImmediate(pour))
        }
        pour()
      }, 300)
      expect(outcome.kind).toBe('unknown')
    },
    IN_TIME,
  )
})
