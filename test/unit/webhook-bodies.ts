import { createHmac } from 'node:crypto'
import { isSignedWith } from '../../src/providers/line/signature.ts'
import { readWebhook } from '../../src/providers/line/webhook-events.ts'
import type { Claim } from '../../src/webhook/coverage-claim.ts'
import type { Evidence } from '../../src/webhook/evidence.ts'
import type { Storage } from '../../src/webhook/storage.ts'
import { createTaker, type Taken } from '../../src/webhook/taker.ts'

export const SECRET = '8c570fa6dd201bb328f1c1eac23a96d8'
export const OTHER_SECRET = '0c570fa6dd201bb328f1c1eac23a96d0'
export const DESTINATION = 'U8e742f61d673b39c7fff3cecb7536ef0'
export const OTHER_DESTINATION = 'Uc7472b39e21dab71c2347e02714630d6'
export const INCARNATION = 'abcdef012345'
export const TAG = `t_1_${INCARNATION}_1_1`

/** Of two channels, as the stage makes it. */
export const takeLine = () =>
  createTaker({
    accounts: [
      { channel: 'main', destination: DESTINATION, secrets: [SECRET] },
      { channel: 'shop', destination: OTHER_DESTINATION, secrets: [OTHER_SECRET] },
    ],
    dialect: { isSignedWith, read: readWebhook },
    incarnation: INCARNATION,
    partitions: 3,
    linkTokenKey: Buffer.alloc(32),
  })

export const signatureOf = (body: Buffer | string, secret = SECRET): string =>
  createHmac('sha256', secret).update(body).digest('base64')

const COMMON = { mode: 'active', timestamp: 1_650_591_346_705, deliveryContext: { isRedelivery: false } }
export const delivery = (data: unknown = TAG, more: object = {}) => ({
  type: 'delivery',
  delivery: { data },
  webhookEventId: '01G17EJCGAVV66J5WNA7ZCTF6H',
  ...COMMON,
  ...more,
})
export const follow = (userId = 'U0123456789abcdef0123456789abcdef', more: object = {}) => ({
  type: 'follow',
  source: { type: 'user', userId },
  follow: { isUnblocked: false },
  webhookEventId: '01HMQGW40RZJPJM3RAJP7BHC2Q',
  ...COMMON,
  ...more,
})
export const webhookBody = (events: unknown = [delivery()], destination: unknown = DESTINATION): string =>
  JSON.stringify({ destination, events })

/** That LINE reaches us is beyond doubt: for what is about something else. */
export const BEYOND_DOUBT: Pick<Evidence, 'proven'> = {
  proven: () => ({ from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY }),
}

export type Stored = Pick<Taken, 'feedback' | 'friendEvents'>

export const noBrokers = () => Object.assign(new Error('the brokers do not answer'), { name: 'KafkaJSConnectionError' })

/** Keeps all in memory, unless told to fail. */
export const memoryStorage = () => {
  const stored: Stored[] = []
  const claimed: Claim[] = []
  const admitted: Claim[] = []
  let faults = 0
  let fault: Error = noBrokers()
  const keep = (what: () => void) => {
    const failed = faults > 0
    if (failed) faults -= 1
    else what()
    const done = failed ? Promise.reject(fault) : Promise.resolve()
    done.catch(() => {})
    return { done, abandon: () => {} }
  }
  const storage: Storage = {
    store: (taken) => keep(() => stored.push({ feedback: taken.feedback, friendEvents: taken.friendEvents })),
    claim: (holes, claims) =>
      keep(() => {
        admitted.push(...holes)
        claimed.push(...claims)
      }),
  }
  return {
    storage,
    stored,
    claimed,
    admitted,
    /** The next so many are not stored. */
    fail: (count: number, by: Error = noBrokers()) => {
      faults = count
      fault = by
    },
  }
}
