import { expect, test, vi } from 'vitest'
import type { SourceHeaders, SourceMessage } from '../../src/intake/source-batch.ts'
import { createSignedBodies, type RefusedRecord, type SignedBodiesEvent } from '../../src/webhook/signed-bodies.ts'
import {
  DESTINATION,
  delivery,
  follow,
  memoryStorage,
  noBrokers,
  OTHER_DESTINATION,
  OTHER_SECRET,
  SECRET,
  signatureOf,
  TAG,
  takeLine,
  webhookBody,
} from './webhook-bodies.ts'

const NOW = 1_790_000_000_000

interface Sent {
  readonly body: string | null
  readonly headers?: SourceHeaders
}

const signed = (body = webhookBody(), secret = SECRET): Sent => ({
  body,
  headers: { 'x-line-signature': signatureOf(body, secret) },
})

/** What becomes of a batch with these records. `steps`: in the order in which it happened. */
const read = async (
  sent: readonly Sent[],
  {
    storeFaults = 0,
    storeFault = noBrokers(),
    buryFaults = 0,
    mine = () => true,
    steps = [],
  }: { storeFaults?: number; storeFault?: Error; buryFaults?: number; mine?: () => boolean; steps?: string[] } = {},
) => {
  const memory = memoryStorage()
  memory.fail(storeFaults, storeFault)
  const buried: RefusedRecord[] = []
  const events: SignedBodiesEvent[] = []
  let faults = buryFaults
  const records: SourceMessage[] = sent.map(({ body, headers }, offset) => ({
    offset: offset + 100,
    key: null,
    value: body === null ? null : Buffer.from(body),
    headers,
    timestamp: NOW,
  }))
  const readBatch = createSignedBodies({
    signatureHeader: 'x-line-signature',
    take: takeLine(),
    storage: {
      ...memory.storage,
      store: (taken) => {
        steps.push('store')
        return memory.storage.store(taken)
      },
    },
    bury: async (refused) => {
      steps.push('bury')
      if (faults-- > 0) throw noBrokers()
      buried.push(...refused)
    },
    clock: { now: () => NOW, monotonic: () => 0 },
    onEvent: (event) => events.push(event),
  })
  await readBatch({
    topic: 'gateway',
    partition: 4,
    records,
    mine,
    heartbeat: async () => {},
    done: async (offset) => {
      steps.push(`done ${offset}`)
    },
  })
  return { ...memory, buried, events, steps }
}

const eventsOf = <K extends SignedBodiesEvent['kind']>(events: readonly SignedBodiesEvent[], kind: K) =>
  events.filter((event): event is Extract<SignedBodiesEvent, { kind: K }> => event.kind === kind)

test('what the signature proves is stored, and only then the offset moves', async () => {
  const { stored, buried, steps } = await read([signed(), signed(webhookBody([follow()]))])
  expect(stored).toMatchObject([
    {
      feedback: [{ partition: 1, feedback: { kind: 'receipt', deliveryTag: TAG } }],
      friendEvents: [{ kind: 'follow', channel: 'main', receivedAt: NOW }],
    },
  ])
  expect(buried).toEqual([])
  expect(steps).toEqual(['store', 'done 101'])
})

test('the name of the header may be written in any case, and its value be bytes', async () => {
  const body = webhookBody()
  const { stored } = await read([{ body, headers: { 'X-Line-Signature': Buffer.from(signatureOf(body)) } }])
  expect(stored).toHaveLength(1)
})

test('a connection check, or what is of no use here, is read and needs no store', async () => {
  const { steps, events } = await read([signed(webhookBody([])), signed(webhookBody([{ type: 'message' }]))])
  expect(steps).toEqual(['done 101'])
  expect(eventsOf(events, 'taken')[0]?.taken.map(({ counts }) => counts)).toEqual([[], [{ type: 'other', fate: 'ignored' }]])
})

const body = webhookBody()
test.each<[string, Sent, string, string]>([
  [
    'no signature',
    { body },
    'webhook-unsigned',
    'the record has no header x-line-signature: whoever writes it must keep the one that LINE sent',
  ],
  [
    'two',
    { body, headers: { 'x-line-signature': [signatureOf(body), signatureOf(body)] } },
    'webhook-unsigned',
    'the record has the header x-line-signature 2 times: LINE sends it once',
  ],
  [
    'two in two spellings',
    { body, headers: { 'x-line-signature': signatureOf(body), 'X-Line-Signature': signatureOf(body) } },
    'webhook-unsigned',
    'the record has the header x-line-signature 2 times: LINE sends it once',
  ],
  [
    'that of a stranger',
    signed(body, 'f'.repeat(32)),
    'webhook-wrong-signature',
    'no secret of any channel made this signature for this value: has channels.<name>.webhook.secrets the right ones, and is the value the body byte for byte, or did somebody else write it?',
  ],
  [
    'that of no body',
    { body: null, headers: { 'x-line-signature': signatureOf(body) } },
    'webhook-wrong-signature',
    'no secret of any channel made this signature for this value: has channels.<name>.webhook.secrets the right ones, and is the value the body byte for byte, or did somebody else write it?',
  ],
  [
    "that of another channel's secret",
    signed(body, OTHER_SECRET),
    'webhook-unknown-account',
    'a secret of channels.shop.webhook signed it, and it is about another account: is its destination right?',
  ],
  [
    'that of something that is no webhook',
    signed('{"hello":"world"}'),
    'webhook-unreadable',
    "a secret of channels.main.webhook signed it, and it is not shaped like a webhook of LINE's",
  ],
])('with %s, a record is set aside whole, with its reason and the remedy', async (_, sent, reason, detail) => {
  const { buried, stored, steps, events } = await read([sent, signed()])
  expect(buried).toMatchObject([
    { position: { topic: 'gateway', partition: 4, offset: 100, index: 0 }, reason, detail, record: { headers: sent.headers } },
  ])
  expect(buried[0]?.record.value?.toString() ?? null).toBe(sent.body)
  expect(stored).toHaveLength(1)
  expect(steps).toEqual(['bury', 'store', 'done 101'])
  expect(eventsOf(events, 'refused')[0]?.refused).toEqual(buried)
})

test('what one of our secrets signed is passed on to the tools byte for byte, taken or not; what a stranger signed is not', async () => {
  const wrong = webhookBody([delivery()], OTHER_DESTINATION)
  const { events } = await read([signed(), signed(wrong), signed(body, 'f'.repeat(32)), signed('no JSON', OTHER_SECRET)])
  const passed = eventsOf(events, 'signed').map((event) => ({ ...event, body: event.body.toString() }))
  expect(passed).toEqual([
    { kind: 'signed', channels: ['main'], body, signature: signatureOf(body) },
    { kind: 'signed', channels: ['main'], body: wrong, signature: signatureOf(wrong) },
    { kind: 'signed', channels: ['shop'], body: 'no JSON', signature: signatureOf('no JSON', OTHER_SECRET) },
  ])
  // Those of LINE's that are not taken leave a hole in what is covered; a stranger's cannot.
  expect(eventsOf(events, 'lost')).toEqual([
    { kind: 'lost', channels: ['main'], writtenAt: NOW },
    { kind: 'lost', channels: ['shop'], writtenAt: NOW },
  ])
})

test('brokers that do not store stall it, once it is over it goes on, and nothing is skipped', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const reading = read([signed(), { body }], { storeFaults: 2, buryFaults: 1 })
    await vi.advanceTimersByTimeAsync(60_000)
    const { stored, buried, steps, events } = await reading
    expect(steps).toEqual(['bury', 'bury', 'store', 'bury', 'store', 'bury', 'store', 'done 101'])
    expect(stored).toHaveLength(1)
    expect(new Set(buried.map(({ position }) => position.offset))).toEqual(new Set([101]))
    expect(events.map(({ kind }) => kind)).toEqual(['signed', 'stalled', 'stalled', 'stalled', 'resumed', 'taken', 'refused'])
    expect(eventsOf(events, 'stalled')[0]?.message).toBe('the brokers do not answer')
  } finally {
    vi.useRealTimers()
  }
})

test('a bug of ours stalls nothing for ever: it is thrown with its place and its name, and nothing of what it quotes', async () => {
  const storeFault = new TypeError(`invalid "string": ${DESTINATION}`)
  const steps: string[] = []
  await expect(read([signed(), signed()], { storeFaults: 1, storeFault, steps })).rejects.toThrow(
    /^gateway\/4: the bodies at the offsets 100 to 101 could not be made into records \(TypeError\)\. Nothing of them is skipped; report it, as another try would end in the same$/,
  )
  expect(steps).toEqual(['store'])
})

test('a partition that goes to somebody else is left where it was', async () => {
  const { steps, events } = await read([signed()], { mine: () => false })
  expect(steps).toEqual([])
  expect(eventsOf(events, 'taken')).toEqual([])
})

test('many bodies are stored in portions, each with its offset behind it', async () => {
  const { steps, stored } = await read(Array.from({ length: 1_200 }, () => signed()))
  expect(steps).toEqual(['store', 'done 599', 'store', 'done 1099', 'store', 'done 1299'])
  expect(stored.map(({ feedback }) => feedback.length)).toEqual([500, 500, 200])
})

test('no event that is logged or counted holds anything of a body', async () => {
  const canary = 'U0123456789abcdef0123456789abcdef'
  const { events } = await read([
    { body: webhookBody([follow(canary), delivery(canary)]) },
    signed(webhookBody([follow(canary), delivery(canary)], canary)),
    signed(webhookBody([{ type: canary }]), 'f'.repeat(32)),
  ])
  const told = eventsOf(events, 'refused').flatMap(({ refused }) => refused.map(({ record: _, ...each }) => each))
  expect(told).toHaveLength(3)
  expect(JSON.stringify(told)).not.toContain(canary)
  expect(JSON.stringify(told)).not.toContain(DESTINATION)
})
