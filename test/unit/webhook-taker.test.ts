import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { linkTokenKey, linkTokenOf } from '../../src/domain/link-token.ts'
import { isSignedWith } from '../../src/providers/line/signature.ts'
import { readWebhook } from '../../src/providers/line/webhook-events.ts'
import { createTaker, type Taken } from '../../src/webhook/taker.ts'

const MAIN = 'U8e742f61d673b39c7fff3cecb7536ef0'
const SHOP = 'Uc7472b39e21dab71c2347e02714630d6'
const INCARNATION = '0123456789ab'
const TAG = `t_2_${INCARNATION}_9_1`
const USER = 'U4af4980629000000000000000000000a'
const KEY = linkTokenKey(Buffer.alloc(32, 1))
const RECEIVED_AT = 1_786_320_000_500
const AT = 1_786_320_000_000

const take = createTaker({
  accounts: [
    { channel: 'main', destination: MAIN, secrets: ['new secret', 'old secret', 'switcher secret'] },
    { channel: 'shop', destination: SHOP, secrets: ['shop secret'] },
  ],
  dialect: { isSignedWith, read: readWebhook },
  incarnation: INCARNATION,
  partitions: 3,
  linkTokenKey: KEY,
})
const signed = (text: string | Buffer, secret: string) =>
  take(Buffer.from(text), createHmac('sha256', secret).update(text).digest('base64'), RECEIVED_AT)
const bodyOf = (destination: string, ...events: unknown[]) => JSON.stringify({ destination, events })
const common = {
  mode: 'active',
  timestamp: AT,
  webhookEventId: '01G17EJCGAVV66J5WNA7ZCTF6H',
  deliveryContext: { isRedelivery: false },
}
const delivery = (data: unknown, more: object = {}) => ({ ...common, type: 'delivery', delivery: { data }, ...more })
const taken = (...events: unknown[]): Taken => {
  const found = signed(bodyOf(MAIN, ...events), 'new secret')
  if (found.kind !== 'taken') throw new Error(`refused: ${found.reason}`)
  return found
}

describe('whose it is', () => {
  test.each(['new secret', 'old secret', 'switcher secret'])('every secret of a channel signs for it: %s', (secret) => {
    expect(signed(bodyOf(MAIN), secret)).toMatchObject({ kind: 'taken', channel: 'main' })
  })

  test('of two channels, the one that it is about', () => {
    expect(signed(bodyOf(SHOP), 'shop secret')).toMatchObject({ kind: 'taken', channel: 'shop' })
  })

  test.each([
    ['no signature', undefined, 'unsigned'],
    ['a signature that no secret makes', 'GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs=', 'wrong-signature'],
  ])('%s is refused, and is no fault of any channel', (_what, signature, reason) => {
    expect(take(Buffer.from(bodyOf(MAIN)), signature, RECEIVED_AT)).toEqual({ kind: 'refused', reason, channels: [] })
  })

  test.each([
    ["another channel's account", SHOP],
    ['an account that nobody has', 'U00000000000000000000000000000000'],
  ])('signed by one channel, and about %s: refused', (_what, destination) => {
    expect(signed(bodyOf(destination, delivery(TAG)), 'new secret')).toEqual({
      kind: 'refused',
      reason: 'unknown-account',
      channels: ['main'],
    })
  })

  test.each([
    ['no JSON', 'destination=U1'],
    ['no UTF-8', Buffer.from(bodyOf(MAIN, { type: 'é' }), 'latin1')],
    ['no events', JSON.stringify({ destination: MAIN })],
    ['a destination that is none', JSON.stringify({ destination: 7, events: [] })],
  ])('signed, and %s: refused', (_what, text) => {
    expect(signed(text, 'new secret')).toMatchObject({ kind: 'refused', reason: 'unreadable', channels: ['main'] })
  })

  test('what is not signed is not parsed', () => {
    const parsing = createTaker({
      accounts: [{ channel: 'main', destination: MAIN, secrets: ['secret'] }],
      dialect: {
        isSignedWith,
        read: () => {
          throw new Error('parsed')
        },
      },
      incarnation: INCARNATION,
      partitions: 3,
      linkTokenKey: KEY,
    })
    expect(parsing(Buffer.from('{'), 'GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs=', RECEIVED_AT)).toMatchObject({
      reason: 'wrong-signature',
    })
  })
})

describe('delivery events', () => {
  const receipt = { partition: 2, feedback: { kind: 'receipt', deliveryTag: TAG, deliveredAt: AT } }

  test('with a tag of ours is a receipt in the partition that the tag names, at the time that LINE says', () => {
    expect(taken(delivery(TAG))).toEqual({
      kind: 'taken',
      channel: 'main',
      feedback: [receipt],
      friendEvents: [],
      counts: [{ type: 'delivery', fate: 'taken' }],
    })
  })

  test.each([
    ['in standby', { mode: 'standby' }],
    ['with the source that it had until 2025, and what nobody knows', { source: { userId: USER }, somethingNew: [{}] }],
    ['delivered again', { deliveryContext: { isRedelivery: true } }],
    ['without what is of no use here', { webhookEventId: undefined, deliveryContext: undefined, mode: undefined }],
  ])('%s, too', (_what, more) => {
    expect(taken(delivery(TAG, more)).feedback).toEqual([receipt])
  })

  test.each([
    ['of another system', '15034552939884E28681A7D668CEA94C147C716C0EC9DFE8B80B44EF3B57F6BD0602366BC3menu01', 'not-ours'],
    ['of topics that are no more', 't_2_ffffffffffff_9_1', 'not-ours'],
    ['of a partition that there is not', `t_3_${INCARNATION}_9_1`, 'not-ours'],
    ['that is a bare digest', 'd41e0ad70dddfeb68f149ad6fc61574b9c5780ab7bcb2fba5517771ffbb2409c', 'bare-digest'],
    ['that is no text', 7, 'malformed'],
  ])('a tag %s is counted, and no error', (_what, data, fate) => {
    expect(taken(delivery(data))).toMatchObject({ feedback: [], friendEvents: [], counts: [{ type: 'delivery', fate }] })
  })

  test.each([
    ['a time that is none', { timestamp: 'now' }],
    ['a time that no field can hold', { timestamp: 1e300 }],
    ['no delivery', { delivery: null }],
  ])('with %s is passed over, and the others of the body are taken', (_what, broken) => {
    expect(taken(delivery(TAG, broken), delivery(TAG))).toMatchObject({
      feedback: [receipt],
      counts: [
        { type: 'delivery', fate: 'malformed' },
        { type: 'delivery', fate: 'taken' },
      ],
    })
  })

  test.each([[null], ['delivery'], [{ delivery: { data: TAG } }]])('what is no event, %j, is passed over alone', (odd) => {
    expect(taken(odd, delivery(TAG))).toMatchObject({
      feedback: [receipt],
      counts: [
        { type: 'other', fate: 'malformed' },
        { type: 'delivery', fate: 'taken' },
      ],
    })
  })

  test('events of types that are of no use, or that nobody knows, are passed over', () => {
    expect(taken({ ...common, type: 'message', message: {} }, { type: 'somethingNew' }, delivery(TAG))).toMatchObject({
      feedback: [receipt],
      counts: [
        { type: 'other', fate: 'ignored' },
        { type: 'other', fate: 'ignored' },
        { type: 'delivery', fate: 'taken' },
      ],
    })
  })

  test('a connection check has no events, and is taken', () => {
    expect(taken()).toEqual({ kind: 'taken', channel: 'main', feedback: [], friendEvents: [], counts: [] })
  })
})

describe('friend events', () => {
  const source = { type: 'user', userId: USER }
  const friendEvent = {
    webhookEventId: common.webhookEventId,
    channel: 'main',
    userId: USER,
    occurredAt: AT,
    receivedAt: RECEIVED_AT,
    redelivered: false,
    unblocked: null,
    linked: null,
    nonce: null,
    notificationId: null,
  }

  test.each([
    ['added as a friend', { follow: { isUnblocked: false } }, { unblocked: false }],
    ['unblocked', { follow: { isUnblocked: true } }, { unblocked: true }],
    ['as LINE said it before it said which', {}, { unblocked: null }],
    ['once more', { deliveryContext: { isRedelivery: true } }, { redelivered: true }],
  ])('follow: %s', (_what, more, fields) => {
    const { friendEvents, feedback } = taken({ ...common, type: 'follow', source, replyToken: 'r', ...more })
    expect(friendEvents).toEqual([{ ...friendEvent, kind: 'follow', ...fields }])
    expect(feedback).toEqual([])
  })

  test('unfollow, of somebody who may never have followed', () => {
    expect(taken({ ...common, type: 'unfollow', source }).friendEvents).toEqual([{ ...friendEvent, kind: 'unfollow' }])
  })

  test("account link by a notification's token: the partition of its recipient is told as well", () => {
    const notificationId = '00112233445566778899aabbccddeeff'
    const nonce = linkTokenOf('a'.repeat(64), notificationId, KEY)
    const { friendEvents, feedback } = taken({ ...common, type: 'accountLink', source, link: { result: 'ok', nonce } })
    expect(friendEvents).toEqual([{ ...friendEvent, kind: 'account_link', linked: true, nonce, notificationId }])
    expect(feedback).toEqual([
      {
        partition: expect.any(Number),
        feedback: { kind: 'link', notificationId, userId: USER, webhookEventId: common.webhookEventId, linkedAt: AT },
      },
    ])
  })

  test.each([
    ["the company's own nonce", { source, link: { result: 'ok', nonce: 'a nonce of the company' } }, { linked: true }],
    ['one that failed', { link: { result: 'failed', nonce: 'a nonce of the company' } }, { linked: false, userId: null }],
  ])('account link: %s is nobody else’s business', (_what, more, fields) => {
    const { friendEvents, feedback } = taken({ ...common, type: 'accountLink', ...more })
    expect(friendEvents).toMatchObject([
      { kind: 'account_link', nonce: 'a nonce of the company', notificationId: null, ...fields },
    ])
    expect(feedback).toEqual([])
  })

  test.each([
    ['follow', { source: undefined }],
    ['unfollow', { source: { type: 'user' } }],
    ['unfollow', { webhookEventId: 'x'.repeat(101) }],
    ['accountLink', { link: undefined }],
  ])('%s without what makes it one is passed over: %j', (type, broken) => {
    const found = taken({ ...common, type, source, link: { result: 'ok', nonce: 'n' }, ...broken })
    expect(found).toMatchObject({ friendEvents: [], feedback: [], counts: [{ fate: 'malformed' }] })
  })
})
