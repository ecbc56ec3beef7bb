import avro from 'avsc'
import { describe, expect, test } from 'vitest'
import type { Entry } from '../../src/domain/entry.ts'
import type { Feedback } from '../../src/domain/input.ts'
import type { Result } from '../../src/domain/result.ts'
import { resultIdOf } from '../../src/domain/say.ts'
import { encodeFeedback, UnreadableRecordError } from '../../src/kafka/internal-codec.ts'
import { NEWEST_FORMAT } from '../../src/kafka/internal-records.ts'
import { RESULT_SCHEMA } from '../../src/kafka/published-schemas.ts'
import { topicNames } from '../../src/kafka/topics.ts'
import { clockFaceIn, instantOf, spanOf } from '../../src/trace/clock-face.ts'
import { type Fact, factOf, type Said } from '../../src/trace/fact.ts'
import { searchesFor } from '../../src/trace/id-kind.ts'
import { createResultReader } from '../../src/trace/result-reader.ts'
import { storyOf } from '../../src/trace/story.ts'
import { summaryOf, timeLineOf } from '../../src/trace/time-line.ts'
import { entryOf, HOUR, MINUTE, NOON, notification, SECOND } from './notification-builder.ts'

const TOKYO = clockFaceIn('Asia/Tokyo')
const NAMES = topicNames('tsuchi')
const TOPICS = {
  request: 'requests',
  marking: 'requests',
  handover: 'feedback',
  receipt: 'feedback',
  link: 'feedback',
  result: 'results',
} as const
let offset = 0
const fact = (at: number, said: Said, partition = 0): Fact => {
  const topic = said.kind in TOPICS ? TOPICS[said.kind as keyof typeof TOPICS] : 'journal'
  return { place: { topic, partition, offset: offset++ }, at, ...said }
}
const request = (at = NOON) => fact(at, { kind: 'request', request: { kind: 'ready', notification: notification(1) } })
const entry = (at: number, changes: Partial<Entry>) => fact(at, { kind: 'entry', entry: entryOf(1, changes) })
const result = (sequence: number, changes: Partial<Result>): Fact => {
  const { event, position, customerId, recipientRef, purpose, route, channel, endpoint, subject } = notification(1)
  const said: Result = {
    resultId: resultIdOf('n1', sequence),
    notificationId: 'n1',
    sequence,
    status: 'sending',
    terminal: false,
    corrects: null,
    reason: null,
    detail: null,
    ...{ purpose, route, channel, endpoint, customerId, recipientRef, subject, position, event },
    duplicateOf: null,
    attempts: 0,
    deliveryTag: 't1',
    lineRequestId: null,
    httpStatus: null,
    property: null,
    receivedAt: NOON,
    releaseAt: NOON,
    sentAt: null,
    deliveredAt: null,
    decidedAt: NOON + sequence * SECOND,
    cost: null,
    fallback: null,
    traceparent: null,
    ...changes,
  }
  return fact(said.decidedAt, { kind: 'result', result: said })
}
const NONE = { others: [], latest: [] }
const told = (own: readonly Fact[], circumstances: Parameters<typeof storyOf>[2] = NONE) =>
  timeLineOf(storyOf('n1', own, circumstances), TOKYO)

describe('what is known now', () => {
  test('results without an entry: forgotten', () => {
    const text = told([result(0, {}), result(1, { status: 'accepted', terminal: true })])
    expect(text).toContain('notification n1: accepted')
    expect(text).toContain('now: forgotten. The journal has it no longer, as its window is over')
  })

  test('a tombstone tells when', () =>
    expect(
      told([entry(NOON, { state: 'done', status: 'accepted' }), fact(NOON + HOUR, { kind: 'forgotten', notificationId: 'n1' })]),
    ).toContain('now: forgotten at 2026-06-01 13:00:00.000.'))

  test('a request that dispatch has not come to: how many are before it', () => {
    const own = request()
    const position = fact(NOON, { kind: 'position', position: { requests: own.place.offset - 7, feedback: 0 } })
    const text = told([own], { others: [], latest: [position] })
    expect(text).toContain('notification n1: received')
    expect(text).toContain('Dispatch has not read the request yet: 7 are before it. Does a worker run?')
  })

  test('a request that dispatch has read, and of which there is nothing', () => {
    const own = request()
    const position = fact(NOON, { kind: 'position', position: { requests: own.place.offset + 1, feedback: 0 } })
    expect(told([own], { others: [], latest: [position] })).toContain('it was older than its window then (see the dead letters)')
  })

  test('one that waits on a paused channel: why, since when, and when it is tried', () => {
    const pause = { channel: 'main', cause: 'forbidden', since: NOON, probeAt: NOON + HOUR, probe: null } as const
    const paused = (partition: number) => fact(NOON, { kind: 'pause', channel: 'main', pause }, partition)
    const words =
      'channel main is paused in this partition: LINE says that the account may not send (forbidden), since 2026-06-01 12:00:00.000; one notification is tried at 2026-06-01 13:00:00.000'
    expect(told([entry(NOON, {})], { others: [], latest: [paused(0)] })).toContain(words)
    expect(told([entry(NOON, {})], { others: [], latest: [paused(1)] }), 'another partition').not.toContain('paused')
    const done = entry(NOON, { state: 'done', status: 'accepted' })
    expect(told([done], { others: [], latest: [paused(0)] }), 'it has ended').not.toContain('paused')
  })

  test('one that awaits an answer: until when, and what comes then', () =>
    expect(told([entry(NOON, { state: 'unknown', status: 'unknown', settleAt: NOON + HOUR, unknownCause: 'crash' })])).toContain(
      'now: an answer is waited for until 2026-06-01 13:00:00.000; then it is given up as unconfirmed',
    ))
})

test('what producers wrote of it does not steer the terminal', () => {
  const { event } = notification(1)
  const named = result(0, { event: { ...event, id: 'E\u001b[2J\n1', type: 't\u202e' }, customerId: 'C\r\u009b' })
  const text = told([named])
  expect(text).toContain('\n  event E�[2J�1 from')
  expect(text).toContain('of type t�\n  customer C��, ')
  expect(summaryOf(storyOf('n1', [named], NONE), TOKYO)).toMatch(/ event E�\[2J�1$/)
})

describe('on a channel with receipts', () => {
  const AWAITING = { state: 'accepted', status: 'accepted', deliveryTag: 't1', sentAt: NOON, settleAt: NOON + 24 * HOUR } as const
  const receipt = (at: number, deliveredAt: number, deliveryTag = 't1') => fact(at, { kind: 'receipt', deliveryTag, deliveredAt })
  const covered = (...spans: readonly { from: number; until: number }[]) =>
    fact(NOON, { kind: 'coverage', channel: 'main', coverage: { channel: 'main', spans, holes: [] } })
  const lineOf = (text: string, word: string) => text.split('\n').find((line) => line.includes(word)) ?? ''

  test('one that LINE took: until when its delivery event is waited for, and until when LINE was heard', () => {
    const coverage = covered({ from: NOON - HOUR, until: NOON + 2 * HOUR })
    const text = told([entry(NOON, AWAITING)], { others: [], latest: [coverage] })
    expect(text).toContain(
      'now: LINE took it, and its delivery event is waited for until 2026-06-02 12:00:00.000, or longer where nobody listened, or LINE reached nobody; then it is undelivered',
    )
    expect(text).toContain(
      "LINE's events on its channel are known until 2026-06-01 14:00:00.000. If that is long ago, no webhook has listened since, or LINE did not reach it",
    )
  })

  test('what nobody listened to since it was sent makes it wait longer', () => {
    const coverage = covered({ from: NOON - HOUR, until: NOON + MINUTE }, { from: NOON + HOUR, until: NOON + 2 * HOUR })
    expect(told([entry(NOON, AWAITING)], { others: [], latest: [coverage] })).toContain(
      'are known until 2026-06-01 14:00:00.000, but for 59 min since it was sent, in which nobody listened, or LINE reached nobody: it is waited longer by that.',
    )
  })

  test('where nobody ever listened it says so; of what has ended it says nothing of that', () => {
    const words = "nobody has listened for LINE's events on its channel yet, as far as this partition knows: does a webhook run"
    expect(told([entry(NOON, AWAITING)])).toContain(words)
    expect(told([entry(NOON, { state: 'done', status: 'delivered' })])).not.toContain('listened')
  })

  test('a receipt is told with the time by LINE’s clock', () => {
    const text = told(
      [
        request(),
        result(0, { decidedAt: NOON }),
        result(1, { status: 'accepted', decidedAt: NOON + 100 }),
        result(2, {
          status: 'delivered',
          terminal: true,
          decidedAt: NOON + 2 * SECOND,
          deliveredAt: NOON + SECOND,
          cost: { tenThousandths: 35_000, currency: 'JPY' },
        }),
      ],
      { others: [receipt(NOON + 1_500, NOON + SECOND)], latest: [] },
    )
    expect(lineOf(text, 'accepted:')).toContain('accepted: LINE took it; its delivery event is waited for.  [')
    expect(lineOf(text, 'receipt:')).toContain(
      'receipt: LINE says that the person could see it at 2026-06-01 12:00:01.000, as t1  [feedback/0/',
    )
    expect(lineOf(text, 'delivered: ')).toContain(
      'delivered: LINE says that the person can see it since 2026-06-01 12:00:01.000, for 3.5 JPY. This is the end.',
    )
  })

  test('a receipt that overtook the answer, one that comes twice, one that comes late', () => {
    const sent = [request(), result(0, { decidedAt: NOON })]
    const delivered = result(1, { status: 'delivered', terminal: true, decidedAt: NOON + SECOND, deliveredAt: NOON })
    const overtaking = told([...sent, delivered], {
      others: [receipt(NOON + 500, NOON), receipt(NOON + MINUTE, NOON)],
      latest: [],
    })
    const [first = '', second = ''] = overtaking.split('\n').filter((line) => line.includes('receipt:'))
    expect(first).toContain("as t1, before LINE's answer  [")
    expect(second).toContain('as t1, again, which changes nothing  [')

    const undelivered = result(1, { status: 'undelivered', terminal: true, decidedAt: NOON + 24 * HOUR })
    const late = told([...sent, undelivered], { others: [receipt(NOON + 25 * HOUR, NOON)], latest: [] })
    expect(lineOf(late, 'receipt:')).toContain('as t1, heard 1 d 1 h later, after the end  [')
    expect(lineOf(late, 'undelivered: ')).toContain(
      'undelivered: LINE took it, and no receipt came within 24 hours: the person has blocked the account, or did not consent in time.',
    )
  })

  test('receipts and links of others are left out', () => {
    const link = { notificationId: 'n2', userId: 'U1', webhookEventId: 'w1', linkedAt: NOON }
    const others = [receipt(NOON, NOON, 't9'), fact(NOON, { kind: 'link', link })]
    expect(told([entry(NOON, AWAITING)], { others, latest: [] })).not.toMatch(/receipt:|account link:/)
  })

  test('an account that was linked by it: whose, when, and that only the first counts', () => {
    const link = (userId: string, linkedAt: number) =>
      fact(linkedAt, { kind: 'link', link: { notificationId: 'n1', userId, webhookEventId: `w-${userId}`, linkedAt } })
    const text = told([entry(NOON, AWAITING)], { others: [link('U1', NOON + HOUR), link('U2', NOON + 2 * HOUR)], latest: [] })
    expect(lineOf(text, 'U1')).toContain('account link: U1 linked their account by it at 2026-06-01 13:00:00.000, event w-U1  [')
    expect(lineOf(text, 'U2')).toContain('event w-U2; only the first counts  [')
  })

  test('receipts and links are read as they lie in feedback; that a webhook listens is of no notification', () => {
    const read = (feedback: Feedback) => {
      const record = { topic: NAMES.feedback, partition: 1, offset: 7, timestamp: NOON, key: null, headers: {} }
      return factOf({ ...record, value: encodeFeedback(feedback, NEWEST_FORMAT) }, NAMES, () => {
        throw new Error('this is no result')
      })
    }
    const link = { notificationId: 'a'.repeat(32), userId: 'U1', webhookEventId: 'w1', linkedAt: NOON }
    expect(read({ kind: 'receipt', deliveryTag: 't1', deliveredAt: NOON - 1 })).toMatchObject({
      at: NOON,
      kind: 'receipt',
      deliveryTag: 't1',
      deliveredAt: NOON - 1,
    })
    expect(read({ kind: 'link', ...link })).toMatchObject({ kind: 'link', link })
    for (const kind of ['heartbeat', 'hole'] as const)
      expect(read({ kind, channels: ['main'], from: NOON, until: NOON + 1 })).toBeNull()
  })

  test('too little was heard to say: not that nobody knows whether LINE took it', () =>
    expect(told([result(1, { status: 'unconfirmed', terminal: true, reason: 'no-webhook' })])).toContain(
      'unconfirmed: LINE took it, and for days too little was heard of its events to say whether the person got it (no-webhook)',
    ))
})

describe('the time line', () => {
  const linesOf = (text: string) => text.split('\n').filter((line) => /\[\w+\/\d+\/\d+\]$/.test(line) && !line.includes('now:'))
  const wordsOf = (text: string) => linesOf(text).map((line) => line.slice(40, 60).trim())

  test('has a change of state once: the journal is quoted only for what no result tells', () => {
    const text = told([
      request(),
      entry(NOON + 5, { state: 'sending', status: 'sending', sequence: 1, deliveryTag: 't1' }),
      result(0, { decidedAt: NOON + 4 }),
      entry(NOON + SECOND, {
        setbacks: 1,
        notBefore: NOON + MINUTE,
        status: 'sending',
        sequence: 1,
        deliveryTag: 't1',
        attempts: 1,
      }),
    ])
    expect(wordsOf(text)).toEqual(['event: it happened;', 'request: intake made', 'sending: attempt 1,', 'journal: queued: cer'])
    expect(text).toContain('journal: queued: certainly not sent (once so far); it is not tried before 2026-06-01 12:01:00.000')
  })

  test('has every change from the journal where progress is not published', () =>
    expect(
      wordsOf(
        told([
          entry(NOON, {}),
          entry(NOON + 1, { state: 'sending', deliveryTag: 't1' }),
          entry(NOON + 2, { state: 'unknown', unknownCause: 'reset' }),
        ]),
      ),
    ).toEqual(['event: it happened;', 'journal: queued: it', 'journal: sending: at', 'journal: unknown: LI']))

  test('tells how long after the last one, and keeps what one task said in its order whatever its clock', () => {
    const text = told([
      request(),
      result(1, { status: 'accepted', terminal: true, decidedAt: NOON + 1 }),
      result(0, { decidedAt: NOON + 2_100 }),
    ])
    const [, first, second, third] = linesOf(text)
    expect(first).toContain('12:00:00.000        +0 ms  request:')
    expect(second).toContain('12:00:02.100       +2.1 s  sending:')
    expect(third).toContain('accepted: LINE took it.')
  })

  test('has what was handed over, by a tag of any attempt', () => {
    const outcome = { kind: 'accepted', requestId: 'line-1' } as const
    const handover = (deliveryTag: string) => fact(NOON, { kind: 'handover', report: { deliveryTag, outcome, at: NOON } })
    const text = told([entry(NOON, { deliveryTag: 't2', pastTags: ['t1'] })], {
      others: [handover('t1'), handover('t9')],
      latest: [],
    })
    expect(text).toContain('hand-over: known only after the partition had moved on: LINE took it, request line-1, as t1')
    expect(text).not.toContain('t9')
  })

  test('names a correction', () => {
    const corrects = resultIdOf('n1', 0)
    const text = told([
      result(0, { status: 'unconfirmed', terminal: true, reason: 'timeout' }),
      result(1, { status: 'accepted', corrects, cost: { tenThousandths: 35_000, currency: 'JPY' } }),
    ])
    expect(text).toContain('notification n1: accepted')
    expect(text).toContain('unconfirmed: nobody can say whether LINE took it: no answer came in time (timeout). This is the end.')
    expect(text).toContain('CORRECTION, the truth came late: accepted: LINE took it, for at most 3.5 JPY.')
  })

  test('says of a request that lies there twice that it changes nothing', () =>
    expect(told([request(), request(NOON + 1)])).toContain('intake read it once more, which changes nothing'))
})

describe('what is looked for', () => {
  const kindsOf = (id: string, as?: 'event') => searchesFor(id, as, 12).map(({ kinds, partitions }) => [kinds.join(), partitions])
  const ANYTHING = ['event,customer,subject', undefined]

  test('a delivery tag is read in its partition; what only looks like one, as anything', () => {
    expect(kindsOf('t_3_0123456789ab_7_0')).toEqual([['tag', [3]], ANYTHING])
    expect(kindsOf('t_3_0123')).toEqual([ANYTHING])
  })
  test('a tag of a partition that there is not is looked for everywhere', () =>
    expect(kindsOf('t_z_0123456789ab_7_0')).toEqual([['tag', undefined], ANYTHING]))
  test('32 hex digits are a notification, and 64 a person, in that one’s partition; or else anything', () => {
    expect(kindsOf('0'.repeat(32))).toEqual([['notification', undefined], ANYTHING])
    expect(kindsOf('a'.repeat(64))).toEqual([['recipient', [expect.any(Number)]], ANYTHING])
  })
  test('what is said to be an event is nothing else', () =>
    expect(kindsOf('0'.repeat(32), 'event')).toEqual([['event', undefined]]))
})

describe('results', () => {
  const own = avro.Type.forSchema(RESULT_SCHEMA as avro.Schema)
  /** As a later version might have it: a field more. */
  const laterSchema = {
    ...(RESULT_SCHEMA as { fields: object[] }),
    fields: [{ name: 'tenant', type: 'string', default: '' }, ...(RESULT_SCHEMA as { fields: object[] }).fields],
  }
  const later = avro.Type.forSchema(laterSchema as avro.Schema)
  const value = () => {
    const said = result(0, { status: 'accepted', cost: null })
    if (said.kind !== 'result') throw new Error('not a result')
    const { position, event, traceparent: _, ...rest } = said.result
    const source = { ...position, eventSource: event.source, eventId: event.id, eventType: event.type, eventTime: event.time }
    return { ...rest, source, cost: { amount: Buffer.from([0x00, 0x88, 0xb8]), currency: 'JPY' } }
  }
  const framed = (id: number, body: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, 0, id]), body])

  test('of this version are read without the registry', () => {
    const reader = createResultReader(() => Promise.reject(new Error('asked')))
    expect(reader.read(framed(7, own.toBuffer(value())))).toMatchObject({
      notificationId: 'n1',
      event: { id: 'e1' },
      cost: { tenThousandths: 35_000, currency: 'JPY' },
    })
  })

  test('of another version are read once the registry has told how they were written', async () => {
    const asked: number[] = []
    const reader = createResultReader(async (id) => {
      asked.push(id)
      return later
    })
    const record = framed(9, later.toBuffer({ ...value(), tenant: 'main' }))
    expect(() => reader.read(record)).toThrow(new UnreadableRecordError("a result of schema 9, which is not this version's"))
    expect([await reader.learn(), await reader.learn()]).toEqual([true, false])
    expect(reader.read(record)).toMatchObject({ notificationId: 'n1', status: 'accepted' })
    expect(asked).toEqual([9])
  })

  test('of which the registry does not tell stay unread', async () => {
    const reader = createResultReader(async () => null)
    const record = framed(9, later.toBuffer({ ...value(), tenant: 'main' }))
    expect(() => reader.read(record)).toThrow(UnreadableRecordError)
    expect(await reader.learn()).toBe(false)
    for (const nothing of [null, Buffer.from('no header')]) expect(() => reader.read(nothing)).toThrow("Confluent's header")
  })
})

describe('times', () => {
  test.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1_000, '1.0 s'],
    [59_949, '59.9 s'],
    [59_999, '1 min'],
    [61_000, '1 min 1 s'],
    [HOUR, '1 h'],
    [25 * HOUR, '1 d 1 h'],
  ])('%i ms is %s', (ms, words) => expect(spanOf(ms)).toBe(words))

  test.each([
    ['P1D', NOON - 24 * HOUR],
    ['PT6H', NOON - 6 * HOUR],
    ['2026-05-31', NOON - 36 * HOUR],
    ['2026-06-01T11:00', NOON - HOUR],
    ['2026-06-01T02:00Z', NOON - HOUR],
    ['2026-06-02', undefined],
    ['yesterday', undefined],
  ])('since %s', (text, instant) => expect(instantOf(text, NOON, 'Asia/Tokyo')).toBe(instant))
})
