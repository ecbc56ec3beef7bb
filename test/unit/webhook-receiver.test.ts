import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { isSignatureShaped, isSignedWith } from '../../src/providers/line/signature.ts'
import { readWebhook } from '../../src/providers/line/webhook-events.ts'
import type { Answer } from '../../src/webhook/answer.ts'
import { createCoverageClaim } from '../../src/webhook/coverage-claim.ts'
import { openReceiver, type ReceiverOptions } from '../../src/webhook/receiver.ts'
import type { Storing } from '../../src/webhook/storage.ts'
import { createTaker, type Taken } from '../../src/webhook/taker.ts'
import { SOON } from './soon.ts'
import { BEYOND_DOUBT } from './webhook-bodies.ts'

const SECRET = '8c570fa6dd201bb328f1c1eac23a96d8'
const DESTINATION = 'U8e742f61d673b39c7fff3cecb7536ef0'
const SIGNATURE_OF_NOBODY = 'GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs='
const eventful = (n = 1, more: object = {}) =>
  JSON.stringify({
    destination: DESTINATION,
    events: [{ type: 'delivery', delivery: { data: `t_0_0123456789ab_9_${n}` }, timestamp: 1_786_320_000_000 + n }],
    ...more,
  })
const EMPTY = JSON.stringify({ destination: DESTINATION, events: [] })
const signatureOf = (body: string) => createHmac('sha256', SECRET).update(body).digest('base64')

/** Kafka, as far as the receiver knows: what it is given is durable when the test says so. */
const createMemory = () => {
  const given: {
    readonly taken: Pick<Taken, 'feedback' | 'friendEvents'>
    abandoned: boolean
    settle: PromiseWithResolvers<void>
  }[] = []
  let holds = false
  return {
    given,
    hold: () => {
      holds = true
    },
    storage: {
      store: (taken: Pick<Taken, 'feedback' | 'friendEvents'>): Storing => {
        const settle = Promise.withResolvers<void>()
        settle.promise.catch(() => undefined)
        const each = { taken, abandoned: false, settle }
        given.push(each)
        if (!holds) settle.resolve()
        return {
          done: settle.promise,
          abandon: () => {
            each.abandoned = true
          },
        }
      },
      claim: (): Storing => ({ done: Promise.resolve(), abandon: () => undefined }),
    },
  }
}

const start = async (changes: Partial<ReceiverOptions> = {}) => {
  const memory = createMemory()
  const answers: Answer[] = []
  const told: string[] = []
  const notStored: unknown[] = []
  const signed: string[] = []
  let now = 1_000
  const claim = createCoverageClaim(['main'], 0, BEYOND_DOUBT)
  const receiver = await openReceiver({
    host: '127.0.0.1',
    port: 0,
    path: '/line/webhook',
    answerWithinMs: 30_000,
    bodyLimit: 10_000,
    concurrency: 10,
    requestsPerSecond: 1_000,
    signatureHeader: 'x-line-signature',
    isSignatureShaped,
    take: createTaker({
      accounts: [{ channel: 'main', destination: DESTINATION, secrets: [SECRET] }],
      dialect: { isSignedWith, read: readWebhook },
      incarnation: '0123456789ab',
      partitions: 1,
      linkTokenKey: Buffer.alloc(32),
    }),
    storage: memory.storage,
    claim,
    clock: { now: () => now, monotonic: systemClock.monotonic },
    onSigned: (channels, { bytes }) => signed.push(`${channels}: ${bytes}`),
    onTaken: ({ channel, feedback }) => told.push(`${feedback.length} of ${channel}`),
    onRefused: () => undefined,
    onNotStored: (error) => notStored.push(error),
    onAnswered: (answer) => answers.push(answer),
    onDropped: () => undefined,
    onFault: (fault) => told.push(`fault: ${fault}`),
    ...changes,
  })
  onTestFinished(() => receiver.stop(0))
  const post = (body: string, { signature = signatureOf(body), ...more }: { signature?: string; method?: string } = {}) =>
    fetch(receiver.url, { method: 'POST', body, headers: { 'x-line-signature': signature }, ...more })
  const { port } = new URL(receiver.url)
  /** A connection on which the test writes for itself. */
  const dial = () => {
    const socket = connect(Number(port), '127.0.0.1').setEncoding('utf8')
    let heard = ''
    socket.on('data', (text: string) => {
      heard += text
    })
    socket.on('error', () => undefined)
    onTestFinished(() => void socket.destroy())
    return { socket, heard: () => heard, closed: once(socket, 'close') }
  }
  const head = (length: number, signature = SIGNATURE_OF_NOBODY) =>
    `POST /line/webhook HTTP/1.1\r\nhost: h\r\nx-line-signature: ${signature}\r\ncontent-length: ${length}\r\n\r\n`
  const at = (ms: number) => {
    now = ms
  }
  return { receiver, memory, answers, told, notStored, signed, claim, post, dial, head, at }
}

describe('the answer', () => {
  test('is 200 once all of it is durable, and not before', async () => {
    const { memory, post, told, signed, answers } = await start()
    memory.hold()
    let status: number | undefined
    const answered = post(eventful()).then((answer) => {
      status = answer.status
    })
    await vi.waitUntil(() => memory.given.length === 1, SOON)
    await turn()
    expect({ status, told, signed }).toEqual({ status: undefined, told: [], signed: [`main: ${eventful()}`] })
    memory.given[0]?.settle.resolve()
    await answered
    expect({ status, told, answers }).toEqual({
      status: 200,
      told: ['1 of main'],
      answers: [{ status: 200, reason: 'stored' }],
    })
  })

  test('is 200 to a connection check, with nothing stored', async () => {
    const { memory, post, told } = await start()
    expect((await post(EMPTY)).status).toBe(200)
    expect({ given: memory.given, told }).toEqual({ given: [], told: ['0 of main'] })
  })

  test.each([
    ['without a signature', eventful(), '', 401],
    ['with another signature', eventful(), SIGNATURE_OF_NOBODY, 401],
    ['written anew after it was signed', JSON.stringify(JSON.parse(eventful()), null, 2), signatureOf(eventful()), 401],
    ['about another account', eventful(1, { destination: 'U0' }), undefined, 403],
    ['that is signed and not JSON', 'events', undefined, 400],
  ])('to one %s is not 200, and nothing is stored or passed on', async (_what, body, signature, status) => {
    const { memory, post, told } = await start()
    expect((await post(body, { ...(signature !== undefined && { signature }) })).status).toBe(status)
    expect({ given: memory.given, told }).toEqual({ given: [], told: [] })
  })

  test('is 503 when it cannot be stored, so that LINE sends it again', async () => {
    const { memory, post, told, notStored } = await start()
    memory.hold()
    const answer = post(eventful())
    await vi.waitUntil(() => memory.given.length === 1, SOON)
    const gone = new Error('the brokers are gone')
    memory.given[0]?.settle.reject(gone)
    expect({ status: (await answer).status, told, notStored }).toEqual({ status: 503, told: [], notStored: [gone] })
  })

  test('is 503 in time when it is not stored in time; what waits for Kafka is given up', async () => {
    const { memory, post, answers } = await start({ answerWithinMs: 500 })
    memory.hold()
    expect((await post(eventful())).status).toBe(503)
    expect(memory.given).toMatchObject([{ abandoned: true }])
    expect(answers).toEqual([{ status: 503, reason: 'not-stored-in-time' }])
  })

  test('keeps the connection of whom a secret of ours has signed, and ends that of whoever is refused', async () => {
    const { post, receiver, memory } = await start()
    const connections = async (...answers: Promise<Response>[]) =>
      (await Promise.all(answers)).map(({ status, headers }) => [status, headers.get('connection')])
    expect(await connections(post(EMPTY), post(eventful()))).toEqual([
      [200, 'keep-alive'],
      [200, 'keep-alive'],
    ])
    expect(
      await connections(
        post('events'),
        post(eventful(), { signature: SIGNATURE_OF_NOBODY }),
        post(EMPTY, { signature: 'x' }),
        post(JSON.stringify({ destination: 'U0', events: [] })),
        fetch(receiver.url.replace('webhook', 'elsewhere')),
        fetch(receiver.url),
      ),
    ).toEqual([400, 401, 401, 403, 404, 405].map((status) => [status, 'close']))
    memory.hold()
    const refused = connections(post(eventful(2)))
    await vi.waitUntil(() => memory.given.length === 2, SOON)
    memory.given[1]?.settle.reject(new Error('gone'))
    expect(await refused).toEqual([[503, 'keep-alive']])
  })

  test('is 401 at once to what no secret can have signed: its body is not waited for, and it takes nobody’s place', async () => {
    const { dial, head, post, memory, receiver, answers, claim } = await start({ concurrency: 1 })
    memory.hold()
    const ours = post(eventful())
    await vi.waitUntil(() => memory.given.length === 1, SOON)
    const { socket, heard, closed } = dial()
    socket.write(head(1_000, SIGNATURE_OF_NOBODY.slice(1)))
    await closed
    expect(heard()).toMatch(/^HTTP\/1.1 401 /)
    expect({ answers, inFlight: receiver.inFlight() }).toEqual({
      answers: [{ status: 401, reason: 'wrong-signature' }],
      inFlight: 1,
    })
    memory.given[0]?.settle.resolve()
    expect((await ours).status).toBe(200)
    expect(claim.claims(3_000)).toEqual([{ channels: ['main'], from: 1_000, until: 3_000 }])
  })

  test('elsewhere is 404, and to what is no POST 405 with what is allowed', async () => {
    const { receiver } = await start()
    expect((await fetch(receiver.url.replace('webhook', 'elsewhere'), { method: 'POST' })).status).toBe(404)
    const got = await fetch(receiver.url)
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST'])
    expect((await fetch(`${receiver.url}?channel=main`, { method: 'PUT', body: EMPTY })).status).toBe(405)
  })

  test('is 503 to a fault of ours, and the next request is taken', async () => {
    let faulty = true
    const { post, told, memory } = await start({
      storage: {
        ...createMemory().storage,
        store: (taken) => {
          if (faulty) throw new Error('a fault')
          return memory.storage.store(taken)
        },
      },
    })
    expect((await post(eventful())).status).toBe(503)
    faulty = false
    expect((await post(eventful())).status).toBe(200)
    expect(told).toEqual(['fault: Error: a fault', '1 of main'])
  })
})

describe('no more is taken than there is room for', () => {
  test('requests at a time: the next is answered with 503 at once, without its body', async () => {
    const { memory, post, answers } = await start({ concurrency: 1 })
    memory.hold()
    const first = post(eventful())
    await vi.waitUntil(() => memory.given.length === 1, SOON)
    expect((await post(eventful(2))).status).toBe(503)
    expect(answers).toEqual([{ status: 503, reason: 'too-many-at-a-time' }])
    memory.given[0]?.settle.resolve()
    expect((await first).status).toBe(200)
    expect(memory.given).toHaveLength(1)
  })

  test('requests in a second: 429', async () => {
    const { post } = await start({ requestsPerSecond: 2, clock: { now: () => 0, monotonic: () => 0 } })
    const statuses = [await post(EMPTY), await post(EMPTY), await post(EMPTY)].map(({ status }) => status)
    expect(statuses).toEqual([200, 200, 429])
  })

  test('a body that says that it is larger than the limit: 413 before it comes, and the connection ends', async () => {
    const { dial, head, answers } = await start()
    const { socket, heard, closed } = dial()
    socket.write(head(10_001))
    await closed
    expect(heard()).toMatch(/^HTTP\/1.1 413 /)
    expect(answers).toEqual([{ status: 413, reason: 'too-large' }])
  })

  test('a body that turns out to be larger, and does not say: the same', async () => {
    const { dial } = await start()
    const { socket, heard, closed } = dial()
    socket.write(
      `POST /line/webhook HTTP/1.1\r\nhost: h\r\nx-line-signature: ${SIGNATURE_OF_NOBODY}\r\ntransfer-encoding: chunked\r\n\r\n`,
    )
    socket.write(`2711\r\n${'x'.repeat(10_001)}\r\n`)
    await closed
    expect(heard()).toMatch(/^HTTP\/1.1 413 /)
  })

  test('a body that does not come in time: 408, and the connection ends', async () => {
    const { dial, head, receiver } = await start({ answerWithinMs: 50 })
    const { socket, heard, closed } = dial()
    socket.write(`${head(100)}{`)
    await closed
    expect(heard()).toMatch(/^HTTP\/1.1 408 /)
    expect(receiver.inFlight()).toBe(0)
  })

  test('headers that do not come in time: the connection ends', async () => {
    const { dial } = await start({ answerWithinMs: 50 })
    const { socket, closed } = dial()
    socket.write('POST /line/webhook HTTP/1.1\r\nx-slow: ')
    await closed
  })
})

describe('where we stand still for longer than an answer may take, what has come meanwhile', () => {
  const stand = () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_300)
  const sendInto = async ({ dial, head, receiver }: Awaited<ReturnType<typeof start>>, body: string, upTo = body.length) => {
    const line = dial()
    line.socket.write(`${head(body.length, signatureOf(body))}${body[0]}`)
    await vi.waitUntil(() => receiver.inFlight() === 1, SOON)
    await turn()
    line.socket.write(body.slice(1, upTo)) // into the kernel, at once
    stand()
    return line
  }
  const long = eventful(1, { more: 'x'.repeat(100_000) })

  test.each([
    ['a body', eventful()],
    ['a long one', long],
  ])('%s is taken: it is we who were late', async (_what, body) => {
    const at = await start({ answerWithinMs: 1_000, bodyLimit: 200_000 })
    const { heard } = await sendInto(at, body)
    await vi.waitUntil(() => at.answers.length === 1, SOON)
    expect(at.answers).toEqual([{ status: 200, reason: 'stored' }])
    await vi.waitFor(() => expect(heard()).toMatch(/^HTTP\/1.1 200 /), SOON)
  })

  test('is LINE’s by its signature, so that the time is not claimed if Kafka then has it too late', async () => {
    const at = await start({ answerWithinMs: 1_000 })
    at.memory.hold()
    at.at(2_000)
    await sendInto(at, eventful())
    await vi.waitUntil(() => at.answers.length === 1, SOON)
    expect(at.answers).toEqual([{ status: 503, reason: 'not-stored-in-time' }])
    at.memory.given[0]?.settle.reject(new Error('gone'))
    await turn()
    expect(at.claim.claims(3_000)).toEqual([{ channels: ['main'], from: 2_000, until: 3_000 }])
  })

  test('is not waited for beyond that: half a body is late', async () => {
    const at = await start({ answerWithinMs: 1_000 })
    const { closed, heard } = await sendInto(at, eventful(), 10)
    await closed
    expect(heard()).toMatch(/^HTTP\/1.1 408 /)
    expect(at.answers).toEqual([{ status: 408, reason: 'late' }])
  })
})

describe('what is claimed to have been heard', () => {
  test('begins when it listens, and ends before a request that is not answered yet', async () => {
    const { memory, post, claim, at } = await start()
    memory.hold()
    at(2_000)
    const answer = post(eventful())
    await vi.waitUntil(() => memory.given.length === 1, SOON)
    expect(claim.claims(3_000)).toEqual([{ channels: ['main'], from: 1_000, until: 2_000 }])
    memory.given[0]?.settle.resolve()
    await answer
    expect(claim.claims(3_000)).toEqual([{ channels: ['main'], from: 1_000, until: 3_000 }])
  })

  test('of a request that was answered with 503 and stored after all: it is no gap', async () => {
    const { memory, post, claim } = await start({ answerWithinMs: 500 })
    memory.hold()
    await post(eventful())
    expect(claim.claims(3_000)).toEqual([])
    memory.given[0]?.settle.resolve()
    await turn()
    expect(claim.claims(3_000)).toEqual([{ channels: ['main'], from: 1_000, until: 3_000 }])
  })

  test.each([
    ['that was lost on its way to Kafka', { answerWithinMs: 500 }, eventful(), 503],
    ['that was too much in a second', { requestsPerSecond: 1 }, eventful(), 429],
    ['signed with our secret, about another account', {}, eventful(1, { destination: 'U0' }), 403],
  ])('has a gap at one %s', async (_what, changes, body, status) => {
    const { memory, post, claim, at } = await start(changes)
    if ('requestsPerSecond' in changes) await post(EMPTY)
    memory.hold()
    at(2_000)
    expect((await post(body)).status).toBe(status)
    memory.given[0]?.settle.reject(new Error('gone'))
    await turn()
    expect(claim.claims(3_000)).toEqual([{ channels: ['main'], from: 2_000, until: 3_000 }])
  })

  test('has for evidence what was taken, an empty body as well, and when it came', async () => {
    const taken: string[] = []
    const { post, memory, at } = await start({ onTaken: ({ channel }, when) => taken.push(`${channel} at ${when}`) })
    at(2_000)
    await post(EMPTY)
    memory.hold()
    at(3_000)
    const answer = post(eventful())
    await vi.waitUntil(() => memory.given.length === 1, SOON)
    at(4_000)
    memory.given[0]?.settle.resolve()
    await answer
    await post(eventful(), { signature: SIGNATURE_OF_NOBODY })
    await post(eventful(1, { destination: 'U0' }))
    expect(taken).toEqual(['main at 2000', 'main at 3000'])
  })

  test('has none at what strangers send', async () => {
    const { post, claim, receiver } = await start({ bodyLimit: 1_000 })
    expect((await post(' '.repeat(1_001))).status).toBe(413)
    await post(eventful(), { signature: SIGNATURE_OF_NOBODY })
    await post(eventful(), { signature: '' })
    await fetch(receiver.url)
    expect(claim.claims(3_000)).toEqual([{ channels: ['main'], from: 1_000, until: 3_000 }])
  })
})

describe('its end', () => {
  test('what is under way is finished, and nobody else is let in', async () => {
    const { memory, post, receiver } = await start()
    memory.hold()
    const answer = post(eventful())
    await vi.waitUntil(() => memory.given.length === 1, SOON)
    const stopped = receiver.stop(30_000)
    await expect(fetch(receiver.url)).rejects.toThrow()
    memory.given[0]?.settle.resolve()
    expect((await answer).status).toBe(200)
    await stopped
  })

  test('a port that cannot be had is said with the setting', async () => {
    const holder = createServer()
    holder.listen(0, '127.0.0.1')
    await once(holder, 'listening')
    onTestFinished(() => void holder.close())
    const { port } = holder.address() as AddressInfo
    await expect(start({ port })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port} (EADDRINUSE): set webhook.host and webhook.port to something free, or port to 0 for any`,
    )
  })
})
