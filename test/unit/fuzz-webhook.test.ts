import avro from 'avsc'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatDeliveryTag, parseDeliveryTag } from '../../src/domain/delivery-tag.ts'
import { linkTokenKey, linkTokenOf, readLinkToken } from '../../src/domain/link-token.ts'
import { encodeFeedback } from '../../src/kafka/internal-codec.ts'
import { NEWEST_FORMAT } from '../../src/kafka/internal-records.ts'
import { FRIEND_EVENT_SCHEMA } from '../../src/kafka/published-schemas.ts'
import { isSignatureShaped, isSignedWith } from '../../src/providers/line/signature.ts'
import type { Refused, Taken } from '../../src/webhook/taker.ts'
import { runsOf } from './fuzz-runs.ts'
import { IN_TIME, mutated, mutatedText, STUMBLING_BLOCKS } from './mutated.ts'
import { delivery, follow, INCARNATION, SECRET, signatureOf, TAG, takeLine, webhookBody } from './webhook-bodies.ts'

const PARTITIONS = 3
const take = takeLine()
const friendEvent = avro.Type.forSchema(FRIEND_EVENT_SCHEMA as avro.Schema)
const TOKEN_KEY = Buffer.alloc(32)
const TOKEN = linkTokenOf('somebody', '0123456789abcdef0123456789abcdef', TOKEN_KEY)
const DIGEST = 'd41e0ad70dddfeb68f149ad6fc61574b9c5780ab7bcb2fba5517771ffbb2409c'

const link = (nonce: unknown, result: unknown = 'ok') => ({ ...follow(), type: 'accountLink', link: { result, nonce } })
const BODIES = [
  webhookBody([]),
  webhookBody([delivery(), follow()]),
  webhookBody([delivery(DIGEST), link(`${TOKEN}rest`), link(undefined, 'failed'), { ...follow(), type: 'unfollow' }]),
  webhookBody([delivery(), { type: 'message', message: { type: 'text', text: '受け取りました😀' } }]),
]

/** What Kafka would be given fits it: each record, and by its schema. */
const expectStorable = (taken: Taken | Refused): void => {
  if (taken.kind === 'refused') {
    expect(taken.reason).toMatch(/^(unreadable|unknown-account)$/)
    return
  }
  for (const { partition, feedback } of taken.feedback) {
    expect(partition >= 0 && partition < PARTITIONS).toBe(true)
    expect(encodeFeedback(feedback, NEWEST_FORMAT).length).toBeLessThan(4_000)
    if (feedback.kind === 'receipt') expect(parseDeliveryTag(feedback.deliveryTag)?.incarnation).toBe(INCARNATION)
  }
  for (const event of taken.friendEvents) {
    expect(friendEvent.isValid(event)).toBe(true)
    expect(friendEvent.toBuffer(event).length).toBeLessThan(8_000)
    expect(Number.isFinite(new Date(event.occurredAt).getTime())).toBe(true)
  }
  expect(taken.counts.length).toBeGreaterThanOrEqual(
    taken.feedback.length + taken.friendEvents.length - taken.counts.filter(({ type }) => type === 'account-link').length,
  )
}

test(
  'a signed body with anything in it is taken and can be stored, or refused by name',
  () => {
    const bodies = fc.oneof(
      mutatedText(fc.constantFrom(...BODIES)).map((text) => Buffer.from(text)),
      mutated(fc.constantFrom(...BODIES.map((text) => Buffer.from(text)))),
    )
    fc.assert(
      fc.property(bodies, (body) => expectStorable(take(body, signatureOf(body), 1))),
      runsOf(1_000),
    )
  },
  IN_TIME,
)

test(
  'so is one whose fields are of any kind and any size',
  () => {
    const odd = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom(
        ...STUMBLING_BLOCKS,
        'x'.repeat(100_000),
        '\ud800'.repeat(40),
        TAG,
        DIGEST,
        TOKEN,
        8.64e15,
        8.64e15 + 1,
        -1,
        1e300,
        0.5,
      ),
      fc.constant(undefined),
    )
    const event = fc.record({
      type: fc.oneof(fc.constantFrom('delivery', 'follow', 'unfollow', 'accountLink'), odd),
      timestamp: fc.oneof(fc.constant(1), odd),
      webhookEventId: fc.oneof(fc.constant('01G17EJCGAVV66J5WNA7ZCTF6H'), odd),
      deliveryContext: fc.oneof(fc.constant({ isRedelivery: false }), odd),
      delivery: fc.oneof(fc.record({ data: odd }), odd),
      source: fc.oneof(fc.record({ userId: odd }), odd),
      follow: fc.oneof(fc.record({ isUnblocked: odd }), odd),
      link: fc.oneof(fc.record({ result: fc.oneof(fc.constant('ok'), odd), nonce: odd }), odd),
    })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 4 }), (events) => {
        const body = Buffer.from(webhookBody(events))
        expectStorable(take(body, signatureOf(body), 1))
      }),
      runsOf(700),
    )
  },
  IN_TIME,
)

test(
  'no change to a body or its signature passes for what was signed',
  () => {
    const [body = ''] = BODIES
    const right = signatureOf(body)
    fc.assert(
      fc.property(mutatedText(fc.constant(right)), (signature) => {
        expect(isSignedWith(SECRET, Buffer.from(body), signature)).toBe(signature === right)
        if (isSignatureShaped(signature)) expect(signature).toHaveLength(44)
      }),
      runsOf(700),
    )
    fc.assert(
      fc.property(mutated(fc.constant(Buffer.from(body))), (changed) => {
        expect(isSignedWith(SECRET, changed, right)).toBe(changed.toString('latin1') === Buffer.from(body).toString('latin1'))
      }),
      runsOf(700),
    )
  },
  IN_TIME,
)

test(
  'a delivery tag is exactly one that was formatted, or not ours',
  () => {
    fc.assert(
      fc.property(
        fc.oneof(
          mutatedText(fc.constantFrom(TAG, 't_zzz_abcdef012345_zzzzzzzzzzz_zzzzzzzzzzz', 't_0_abcdef012345_0_0')),
          fc.string(),
        ),
        (tag) => {
          const id = parseDeliveryTag(tag)
          if (id) expect(formatDeliveryTag(id)).toBe(tag)
        },
      ),
      runsOf(2_000),
    )
  },
  IN_TIME,
)

test.each(['t_00_abcdef012345_1_1', 't_1_abcdef012345_01_1', 't_1_abcdef012345_1_zzzzzzzzzzz'])(
  '%s is no spelling of ours',
  (tag) => {
    expect(parseDeliveryTag(tag)).toBeUndefined()
  },
)

test(
  'a nonce names the notification whose token begins it, or none',
  () => {
    fc.assert(
      fc.property(fc.oneof(mutatedText(fc.constantFrom(TOKEN, `${TOKEN}-rest`)), fc.string({ unit: 'binary' })), (nonce) => {
        const read = readLinkToken(nonce, TOKEN_KEY, PARTITIONS)
        // The token is whole and at the beginning, or there is none.
        expect(read !== undefined).toBe(nonce.startsWith(TOKEN))
        expect(readLinkToken(nonce, linkTokenKey(TOKEN_KEY), PARTITIONS)).toBeUndefined()
      }),
      runsOf(700),
    )
  },
  IN_TIME,
)
