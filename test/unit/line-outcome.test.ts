import { expect, test } from 'vitest'
import type { Outcome } from '../../src/domain/outcome.ts'
import { type AnswerHeaders, outcomeOf, readHeaders } from '../../src/providers/line/outcome.ts'

const HEADERS: AnswerHeaders = { requestId: 'r1', retryAfter: null, date: null }

const notSent = (cause: string) => ({ kind: 'not-sent', requestId: 'r1', cause, retryAfterMs: null })
const rejected = (status: number, property: string | null = null) => ({ kind: 'rejected', requestId: 'r1', status, property })
const unknown = (cause: string) => ({ kind: 'unknown', requestId: 'r1', cause })

test.each<[number, string, object]>([
  [200, '{}', { kind: 'accepted', requestId: 'r1' }],
  [202, '{}', { kind: 'accepted', requestId: 'r1' }],
  [422, '{"message":"Failed to send messages"}', { kind: 'unreachable', requestId: 'r1' }],
  [
    400,
    '{"message":"Invalid templateKey: reserve_004","details":[{"message":"The specified template doesn\'t exist, or you don\'t have the permission","property":"templateKey"}]}',
    rejected(400, 'templateKey'),
  ],
  [
    400,
    '{"message":"The request body has 1 invalid key(s).","details":[{"message":"The specified item key does not exist: datetime_000","property":"body.items[0].itemKey"}]}',
    rejected(400, 'body.items[0].itemKey'),
  ],
  [
    400,
    '{"message":"The request body has 2 error(s)","details":[{"message":"May not be empty","property":"messages[0].text"},{"message":"…","property":"messages[1].type"}]}',
    rejected(400, 'messages[0].text'),
  ],
  [400, '{"message":"The request body has 1 error(s)"}', rejected(400)],
  [401, '{"message":"Authentication failed due to the following reason: invalid token"}', notSent('unauthorized')],
  [403, '{"message":"Access to this API is not available for your account"}', notSent('forbidden')],
  [404, '{"message":"Not found"}', rejected(404)],
  [405, '', rejected(405)],
  [408, '', unknown('timeout')],
  [409, '{"message":"The retry key is already accepted"}', rejected(409)],
  [410, '', rejected(410)],
  [413, '', rejected(413)],
  [415, '{"message":"The content type, text/plain, is not supported"}', rejected(415)],
  [418, '', rejected(418)],
  [499, '', rejected(499)],
  [429, '{"message":"The API rate limit has been exceeded. Try again later."}', notSent('rate-limited')],
  [429, '{"message":"You have reached your monthly limit."}', notSent('monthly-limit')],
  [429, 'slow down', notSent('rate-limited')],
  [500, '', unknown('status')],
  [502, '<html></html>', unknown('status')],
  [503, '', unknown('status')],
  [504, '', unknown('status')],
  [599, '', unknown('status')],
  [600, '', unknown('status')],
  [101, '', unknown('status')],
  [201, '{}', unknown('status')],
  [203, '{}', unknown('status')],
  [204, '', unknown('status')],
  [300, '', unknown('status')],
  [301, '', notSent('forbidden')],
  [302, '', notSent('forbidden')],
  [303, '', unknown('status')],
  [304, '', unknown('status')],
  [307, '', notSent('forbidden')],
  [308, '', notSent('forbidden')],
])('%i %s', (status, body, expected) => {
  expect(outcomeOf(status, HEADERS, body)).toEqual(expected)
})

test.each<[string, string, string | null]>([
  ['no JSON', '<html>', null],
  ['half of it', '{"details":[{"property":"to"', null],
  ['null', 'null', null],
  ['an array', '[1]', null],
  ['details that are no array', '{"details":{"0":{"property":"to"}}}', null],
  ['no details', '{"details":[]}', null],
  ['details of null', '{"details":[null]}', null],
  ['a property that is no string', '{"details":[{"property":7}]}', null],
  ['an empty property', '{"details":[{"property":""}]}', null],
  ['an inherited name only', '{"details":[{"__proto__":{"property":"to"}}]}', null],
  ['control characters', '{"details":[{"property":"a\\u001b[31m\\nb\\ud800"}]}', 'a�[31m�b�'],
  ['200 characters and more', `{"details":[{"property":"${'😀'.repeat(201)}"}]}`, `${'😀'.repeat(200)}…`],
])('the property of an error with %s', (_, body, property) => {
  expect(outcomeOf(400, HEADERS, body)).toEqual(rejected(400, property))
})

const DATE = Date.UTC(2026, 9, 21, 7, 28, 0)

test.each<[string | null, number | null, number | null]>([
  [null, DATE, null],
  ['0', DATE, 0],
  ['7', null, 7_000],
  ['999999999', null, 999_999_999_000],
  ['1000000000', null, null],
  ['-1', DATE, null],
  ['1.5', DATE, null],
  ['soon', DATE, null],
  ['Wed, 21 Oct 2026 07:28:30 GMT', DATE, 30_000],
  ['Wednesday, 21-Oct-26 07:28:30 GMT', DATE, 30_000],
  ['Wed Oct 21 07:28:30 2026 GMT', DATE, 30_000],
  ['Wed, 21 Oct 2026 07:27:00 GMT', DATE, 0],
  ['Wed, 21 Oct 2026 07:28:30 GMT', null, null],
])('retry-after %j, answered at %j, is %j ms', (retryAfter, date, retryAfterMs) => {
  const outcome: Outcome = outcomeOf(429, { requestId: null, retryAfter, date }, '')
  expect(outcome).toEqual({ kind: 'not-sent', requestId: null, cause: 'rate-limited', retryAfterMs })
})

test('of the headers, only what is fit for a log is kept', () => {
  expect(
    readHeaders({
      'x-line-request-id': `\u001b[31m${'r'.repeat(200)}`,
      'retry-after': ['3', '4'],
      date: 'Wed, 21 Oct 2026 07:28:00 GMT',
    }),
  ).toEqual({ requestId: `[31m${'r'.repeat(96)}`, retryAfter: '3', date: DATE })
  expect(readHeaders({ 'x-line-request-id': ['r1', 'r2'], 'retry-after': ' ', date: 'never' })).toEqual({
    requestId: 'r1',
    retryAfter: null,
    date: null,
  })
  expect(readHeaders({ 'x-line-request-id': '\u0007' })).toEqual({ requestId: null, retryAfter: null, date: null })
})
