import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { isSignatureShaped } from '../../src/providers/line/signature.ts'
import { createCoverageClaim } from '../../src/webhook/coverage-claim.ts'
import { openReceiver, type ReceiverOptions } from '../../src/webhook/receiver.ts'
import { SOON } from './soon.ts'
import {
  BEYOND_DOUBT,
  DESTINATION,
  delivery,
  follow,
  memoryStorage,
  OTHER_DESTINATION,
  OTHER_SECRET,
  SECRET,
  signatureOf,
  TAG,
  takeLine,
  webhookBody,
} from './webhook-bodies.ts'

const start = async (changes: Partial<ReceiverOptions> = {}) => {
  const memory = memoryStorage()
  const reasons: string[] = []
  const faults: unknown[] = []
  const counts: unknown[] = []
  const receiver = await openReceiver({
    host: '127.0.0.1',
    port: 0,
    path: '/line/webhook',
    answerWithinMs: 20_000,
    bodyLimit: 4 << 20,
    concurrency: 50,
    requestsPerSecond: 10_000,
    signatureHeader: 'x-line-signature',
    isSignatureShaped,
    take: takeLine(),
    storage: memory.storage,
    claim: createCoverageClaim(['main', 'shop'], 0, BEYOND_DOUBT),
    clock: systemClock,
    onSigned: () => undefined,
    onTaken: (taken) => counts.push(...taken.counts),
    onRefused: () => undefined,
    onNotStored: () => undefined,
    onAnswered: ({ reason }) => reasons.push(reason),
    onDropped: () => undefined,
    onFault: (fault) => faults.push(fault),
    ...changes,
  })
  onTestFinished(() => receiver.stop(0))
  const { port } = new URL(receiver.url)
  const post = (body: Buffer | string, { signature = signatureOf(body) as string | null, headers = {} } = {}) =>
    fetch(receiver.url, {
      method: 'POST',
      body: typeof body === 'string' ? body : new Uint8Array(body),
      headers: { ...(signature !== null && { 'x-line-signature': signature }), ...headers },
    })
  /** A connection on which the test writes for itself. */
  const dial = () => {
    const socket = connect(Number(port), '127.0.0.1').setEncoding('utf8')
    let heard = ''
    socket.on('data', (text: string) => {
      heard += text
    })
    // Resets are what some of these are about.
    socket.on('error', () => undefined)
    onTestFinished(() => void socket.destroy())
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    return {
      socket,
      closed,
      heard: () => heard,
      statuses: () => [...heard.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status)),
      /** Writes piece by piece, each as soon as the last is gone, until the other end has had enough. */
      pour: async (pieces: Iterable<Buffer | string>) => {
        for (const piece of pieces) {
          if (socket.destroyed || !socket.writable) return
          await new Promise<void>((resolve) => {
            const done = () => {
              socket.off('close', done)
              resolve()
            }
            socket.once('close', done)
            socket.write(piece, done)
          })
        }
      },
    }
  }
  /** It goes on as if nothing had been. */
  const isWell = async () => {
    const answered = await post(webhookBody())
    expect(answered.status).toBe(200)
    expect(faults).toEqual([])
    await vi.waitFor(() => expect(receiver.inFlight()).toBe(0), SOON)
  }
  return { ...memory, receiver, reasons, faults, counts, post, dial, isWell }
}

const request = (
  body: Buffer | string,
  { method = 'POST', path = '/line/webhook', version = '1.1', headers = [] as string[], signature = signatureOf(body) } = {},
) =>
  Buffer.concat([
    Buffer.from(
      [
        `${method} ${path} HTTP/${version}`,
        'host: h',
        `x-line-signature: ${signature}`,
        `content-length: ${Buffer.byteLength(body)}`,
        ...headers,
        '',
        '',
      ].join('\r\n'),
    ),
    Buffer.from(body),
  ])

describe('forged', () => {
  const body = webhookBody()
  const right = signatureOf(body)
  test.each<[string, string | null]>([
    ['with another secret', signatureOf(body, 'f'.repeat(32))],
    ['with an empty secret', signatureOf(body, '')],
    ['with the secret as bytes of its hex', signatureOf(body, Buffer.from(SECRET, 'hex').toString('latin1'))],
    ['with the signature of another body', signatureOf(webhookBody([]))],
    ['with the signature of no body', signatureOf('')],
    ['without a signature', null],
    ['with an empty one', ''],
    ['with one that is cut', right.slice(0, -1)],
    ['with one that goes on', `${right}=`],
    ['with white space within', `${right.slice(0, 20)} ${right.slice(20)}`],
    ['with a line that is folded', `${right.slice(0, 20)}\t${right.slice(20)}`],
    ['in hex', Buffer.from(right, 'base64').toString('hex')],
    ['in base64url', right.replaceAll('+', '-').replaceAll('/', '_').replace('=', '')],
    ['in quotes', `"${right}"`],
    ['with its name before it', `sha256=${right}`],
    ['with something between that a decoder passes over', `${right.slice(0, 20)}*${right.slice(20)}`],
    ['with two in one header', `${right},${right}`],
    ['with 8 KB of it', right.repeat(180)],
  ])('%s: 401, and nothing is stored', async (_, signature) => {
    const { post, stored, isWell } = await start()
    const answered = await post(body, { signature })
    expect(answered.status).toBe(401)
    expect(stored).toEqual([])
    await isWell()
  })

  test('with the right one twice, in two headers: 401', async () => {
    const { dial, stored, isWell } = await start()
    const line = dial()
    line.socket.write(request(body, { headers: [`X-Line-Signature: ${right}`] }))
    await vi.waitFor(() => expect(line.statuses()).toEqual([401]), SOON)
    expect(stored).toEqual([])
    await isWell()
  })

  test('with a right one and a wrong one: 401', async () => {
    const { dial, stored } = await start()
    const line = dial()
    line.socket.write(request(body, { headers: [`x-line-signature: ${signatureOf('')}`] }))
    await vi.waitFor(() => expect(line.statuses()).toEqual([401]), SOON)
    expect(stored).toEqual([])
  })

  test.each([
    ['with white space at its end', `${body} `],
    ['with its keys in another order', JSON.stringify({ events: [delivery()], destination: DESTINATION })],
    ['with spaces', JSON.stringify(JSON.parse(body), null, 1)],
    ['with an escape that means the same', body.replace('delivery', 'deliver\\u0079')],
    ['with a byte order mark', `\ufeff${body}`],
    ['with one letter more', body.replace('"t_1_', '"t_2_')],
  ])('the same JSON %s, under the signature of the first: 401', async (_, other) => {
    const { post, stored, isWell } = await start()
    expect((await post(other, { signature: right })).status).toBe(401)
    expect(stored).toEqual([])
    await isWell()
  })

  test('of one account with the secret of another: 403, and nothing is stored', async () => {
    const { post, stored, isWell } = await start()
    const foreign = webhookBody([delivery()], OTHER_DESTINATION)
    expect((await post(foreign)).status).toBe(403)
    expect((await post(foreign, { signature: signatureOf(foreign, OTHER_SECRET) })).status).toBe(200)
    expect(stored).toHaveLength(1)
    await isWell()
  })

  test('compressed, signed before it was: 401; signed after: 400, as LINE does not compress', async () => {
    const { post, stored, isWell } = await start()
    const packed = gzipSync(body)
    const headers = { 'content-encoding': 'gzip' }
    expect((await post(packed, { signature: right, headers })).status).toBe(401)
    expect((await post(packed, { headers })).status).toBe(400)
    expect(stored).toEqual([])
    await isWell()
  })
})

describe('what a tool of a partner is passed', () => {
  test('is all that our secrets signed, as it came, before it is stored; and nothing that a stranger signed', async () => {
    const passed: object[] = []
    const { post, fail, stored } = await start({
      onSigned: (channels, { bytes, ...rest }) => passed.push({ channels, body: bytes.toString(), ...rest }),
    })
    const body = webhookBody()
    const foreign = webhookBody([], OTHER_DESTINATION)
    const headers = { 'content-type': 'application/json; charset=utf-8' }
    fail(1)
    expect((await post(body, { headers })).status).toBe(503)
    expect((await post(foreign, { headers })).status).toBe(403)
    expect((await post(body, { headers, signature: signatureOf('') })).status).toBe(401)
    expect(stored).toEqual([])
    const contentType = 'application/json; charset=utf-8'
    expect(passed).toEqual([
      { channels: ['main'], body, signature: signatureOf(body), contentType },
      { channels: ['main'], body: foreign, signature: signatureOf(foreign), contentType },
    ])
  })
})

describe('signed, and not what LINE writes', () => {
  const long = 'x'.repeat(1 << 20)
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
  const raw = (events: string, more = '') => `{"destination":"${DESTINATION}"${more},"events":${events}}`
  const event = (changes: string) =>
    `{"type":"delivery","delivery":{"data":"${TAG}"},"webhookEventId":"01G17EJCGAVV66J5WNA7ZCTF6H","deliveryContext":{"isRedelivery":false},"mode":"active",${changes}}`

  test.each<[string, Buffer | string]>([
    ['nothing', ''],
    ['no JSON', 'events=[]'],
    ['half of it', webhookBody().slice(0, -1)],
    ['two of it', webhookBody() + webhookBody()],
    ['no UTF-8', Buffer.concat([Buffer.from('{"destination":"'), Buffer.of(0xff, 0xfe), Buffer.from('","events":[]}')])],
    ['UTF-16', Buffer.from(webhookBody(), 'utf16le')],
    ['null', 'null'],
    ['a text', '"events"'],
    ['a list', '[]'],
    ['no events', JSON.stringify({ destination: DESTINATION })],
    ['events that are a mapping', webhookBody({ 0: delivery(), length: 1 })],
    ['events that are null', webhookBody(null)],
    ['events that are a text', webhookBody('delivery')],
    ['a destination that is a list', webhookBody([], [DESTINATION])],
    ['brackets 100,000 deep', nested(100_000)],
  ])('%s: 400, and nothing is stored', async (_, body) => {
    const { post, stored, isWell } = await start()
    expect((await post(body)).status).toBe(400)
    expect(stored).toEqual([])
    await isWell()
  })

  test.each<[string, string]>([
    ['100,000 brackets where nobody looks', raw(`[${event('"timestamp":1')}]`, `,"more":${nested(100_000)}`)],
    ['100,000 brackets within an event', raw(`[${event(`"timestamp":1,"more":${nested(100_000)}`)}]`)],
    [
      'keys that are there twice: the last counts',
      raw(`[${event(`"timestamp":1`).replace('{"data"', '{"data":"other","data"')}]`),
    ],
    [
      '__proto__ and constructor',
      raw(
        `[${event('"timestamp":1,"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}')}]`,
        ',"__proto__":{"polluted":1}',
      ),
    ],
    ['lone surrogates beside it', raw(`[${event('"timestamp":1,"note":"\\ud800"')}]`)],
    ['the time 0', raw(`[${event('"timestamp":0')}]`)],
  ])('%s: 200, and the receipt is stored', async (_, body) => {
    const { post, stored, isWell } = await start()
    expect((await post(body)).status).toBe(200)
    expect(stored).toMatchObject([{ feedback: [{ feedback: { kind: 'receipt', deliveryTag: TAG } }] }])
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    await isWell()
  })

  test.each([
    ['1e308', '1e308'],
    ['1e999', '1e999'],
    ['-1', '-1'],
    ['a text', '"1650591346705"'],
    ['a fraction', '1650591346705.5'],
    ['more than a calendar has', '8640000000000001'],
    ['more than is exact', '9007199254740993'],
    ['null', 'null'],
    ['a list', '[1650591346705]'],
  ])('the time %s: 200, the event is malformed, and those beside it are stored', async (_, time) => {
    const { post, stored, counts, isWell } = await start()
    expect((await post(raw(`[${event(`"timestamp":${time}`)},${event('"timestamp":7')}]`))).status).toBe(200)
    expect(counts).toMatchObject([{ fate: 'malformed' }, { fate: 'taken' }])
    expect(stored).toMatchObject([{ feedback: [{ feedback: { deliveredAt: 7 } }] }])
    await isWell()
  })

  test.each<[string, unknown]>([
    ['null', null],
    ['a number', 7],
    ['a list', [delivery()]],
    ['without a type', { delivery: { data: TAG } }],
    ['with a type that is a number', { type: 7 }],
    ['of a type that nobody knows', { type: 'things' }],
    ['with a type that an object has', { type: '__proto__' }],
    ['with data of 1 MB', delivery(long)],
    ['with data that is a mapping', delivery({ toString: 1 })],
    ['with data of a lone surrogate', delivery('\ud800'.repeat(20))],
    ['with a user of 1 MB', follow(long)],
    ['with a user that is null', { ...follow(), source: null }],
    ['with an id of 1 MB', follow('U1', { webhookEventId: long })],
    ['with an id that is a number', follow('U1', { webhookEventId: 7 })],
  ])('an event %s: 200, and what is beside it is stored', async (_, odd) => {
    const { post, stored, isWell } = await start()
    expect((await post(webhookBody([delivery(), odd, follow('U2')]))).status).toBe(200)
    expect(stored).toMatchObject([{ feedback: [{ feedback: { deliveryTag: TAG } }], friendEvents: [{ userId: 'U2' }] }])
    await isWell()
  })

  test('10,000 events in one body: all of them are stored', async () => {
    const { post, stored, isWell } = await start()
    expect((await post(webhookBody(Array.from({ length: 10_000 }, () => delivery())))).status).toBe(200)
    expect(stored[0]?.feedback).toHaveLength(10_000)
    await isWell()
  })
})

describe('on the wire', () => {
  const body = webhookBody()

  test.each([
    ['GET', 405],
    ['PUT', 405],
    ['HEAD', 405],
    ['DELETE', 405],
    ['OPTIONS', 405],
    ['PATCH', 405],
  ])('%s with a right signature: %i', async (method, status) => {
    const { dial, stored, isWell } = await start()
    const line = dial()
    line.socket.write(request(body, { method }))
    await line.closed
    expect(line.statuses()[0]).toBe(status)
    expect(stored).toEqual([])
    await isWell()
  })

  test.each([
    '/',
    '/line/webhook/',
    '/line/webhookx',
    '/LINE/WEBHOOK',
    '//line/webhook',
    '/line/../line/webhook',
    '/line%2fwebhook',
    '*',
  ])('POST %s with a right signature: 404', async (path) => {
    const { dial, stored } = await start()
    const line = dial()
    line.socket.write(request(body, { path }))
    await line.closed
    expect(line.statuses()[0]).toBe(404)
    expect(stored).toEqual([])
  })

  test('a query changes nothing: LINE sends what the console has been given', async () => {
    const { dial, stored } = await start()
    const line = dial()
    line.socket.write(request(body, { path: '/line/webhook?tenant=1' }))
    await vi.waitFor(() => expect(line.statuses()).toEqual([200]), SOON)
    expect(stored).toHaveLength(1)
  })

  test('HTTP/1.0: answered, and the connection ends', async () => {
    const { dial, stored, isWell } = await start()
    const line = dial()
    line.socket.write(request(body, { version: '1.0' }))
    await line.closed
    expect(line.statuses()).toEqual([200])
    expect(stored).toHaveLength(1)
    await isWell()
  })

  test('one that waits to be told to go on is told so', async () => {
    const { dial, stored, isWell } = await start()
    const line = dial()
    const whole = request(body, { headers: ['expect: 100-continue'] })
    line.socket.write(whole.subarray(0, -body.length))
    await vi.waitFor(() => expect(line.statuses()).toEqual([100]), SOON)
    line.socket.write(body)
    await vi.waitFor(() => expect(line.statuses()).toEqual([100, 200]), SOON)
    expect(stored).toHaveLength(1)
    await isWell()
  })

  test('several at once on one connection: each is answered, in order, up to the first that is refused', async () => {
    const { dial, stored, isWell } = await start()
    const line = dial()
    const empty = webhookBody([])
    line.socket.write(Buffer.concat([request(body), request(empty), request(body)]))
    await vi.waitFor(() => expect(line.statuses()).toEqual([200, 200, 200]), SOON)
    expect(stored).toHaveLength(2)
    line.socket.write(Buffer.concat([request(empty), request(body, { signature: signatureOf('') }), request(empty)]))
    await line.closed
    expect(line.statuses()).toEqual([200, 200, 200, 200, 401])
    await isWell()
  })

  test('one that says all and closes its half is answered', async () => {
    const { dial, stored, isWell } = await start()
    const line = dial()
    line.socket.end(request(body))
    await line.closed
    expect(line.statuses()).toEqual([200])
    expect(stored).toHaveLength(1)
    await isWell()
  })

  test('one that goes away within the body leaves nothing behind', async () => {
    const { dial, stored, reasons, isWell } = await start()
    const line = dial()
    await line.pour([request(body).subarray(0, -10)])
    line.socket.resetAndDestroy()
    await vi.waitFor(() => expect(reasons).toEqual(['cut-off']), SOON)
    expect(stored).toEqual([])
    await isWell()
  })

  test('a body that is shorter than it says is not waited for beyond the time for an answer', async () => {
    const { dial, stored, isWell } = await start({ answerWithinMs: 100 })
    const line = dial()
    line.socket.write(request(body).subarray(0, -1))
    await line.closed
    expect(line.statuses()).toEqual([408])
    expect(stored).toEqual([])
    await isWell()
  })

  test('a body that is longer than it says: what is over is no request, and ends the connection', async () => {
    const { dial, stored, isWell } = await start()
    const line = dial()
    line.socket.write(Buffer.concat([request(body), Buffer.from(body)]))
    await line.closed
    expect(line.statuses().at(-1)).toBe(400)
    expect(stored.length).toBeLessThan(2)
    await isWell()
  })

  test.each([
    ['a length and chunks', ['transfer-encoding: chunked']],
    ['two lengths', ['content-length: 7']],
  ])('%s in one request, so that two readers see two requests: 400', async (_, headers) => {
    const { dial, stored, isWell } = await start()
    const line = dial()
    line.socket.write(request(body, { headers }))
    await line.closed
    expect(line.statuses()).toEqual([400])
    expect(stored).toEqual([])
    await isWell()
  })

  test('a right body in chunks is as good as any', async () => {
    const { dial, stored } = await start()
    const line = dial()
    const head = [
      'POST /line/webhook HTTP/1.1',
      'host: h',
      `x-line-signature: ${signatureOf(body)}`,
      'transfer-encoding: chunked',
      '',
      '',
    ].join('\r\n')
    const chunks = Array.from(body, (letter) => `1\r\n${letter}\r\n`).join('')
    line.socket.write(`${head}${chunks}0\r\n\r\n`)
    await vi.waitFor(() => expect(line.statuses()).toEqual([200]), SOON)
    expect(stored).toHaveLength(1)
  })

  test('chunks without an end are cut off at the limit', async () => {
    const { dial, stored, reasons, isWell } = await start({ bodyLimit: 100_000 })
    const line = dial()
    const head = [
      'POST /line/webhook HTTP/1.1',
      'host: h',
      `x-line-signature: ${signatureOf('')}`,
      'transfer-encoding: chunked',
      '',
      '',
    ].join('\r\n')
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`
    let poured = 0
    await line.pour(
      (function* () {
        yield head
        for (; poured < 10_000; poured += 1) yield chunk
      })(),
    )
    await line.closed
    expect(reasons).toEqual(['too-large'])
    expect(poured).toBeLessThan(10_000)
    expect(stored).toEqual([])
    await isWell()
  })

  test('a byte of the body at a time, for ever: cut off when an answer is due', async () => {
    const { dial, reasons, isWell } = await start({ answerWithinMs: 100 })
    const line = dial()
    line.socket.write(request('x'.repeat(100_000)).subarray(0, -100_000))
    const drip = setInterval(() => line.socket.write('x'), 5)
    await line.closed
    clearInterval(drip)
    expect(reasons).toEqual(['late'])
    await isWell()
  })

  test('a byte of the headers at a time, for ever: cut off', async () => {
    const { dial, reasons, isWell } = await start({ answerWithinMs: 100 })
    const line = dial()
    line.socket.write('POST /line/webhook HTTP/1.1\r\nx-slow: ')
    const drip = setInterval(() => line.socket.write('x'), 20)
    await line.closed
    clearInterval(drip)
    expect(line.statuses()).toEqual([408])
    expect(reasons).toEqual([])
    await isWell()
  })

  test('a connection on which nothing comes: cut off', async () => {
    const { dial, isWell } = await start({ answerWithinMs: 100 })
    await dial().closed
    await isWell()
  })

  test('headers without an end: 431', async () => {
    const { dial, isWell } = await start()
    const line = dial()
    await line.pour([
      'POST /line/webhook HTTP/1.1\r\n',
      ...Array.from({ length: 100 }, (_, n) => `x-${n}: ${'x'.repeat(1_000)}\r\n`),
    ])
    await line.closed
    expect(line.statuses()).toEqual([431])
    await isWell()
  })

  test.each([
    ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['no host', 'POST /line/webhook HTTP/1.1\r\n\r\n'],
    ['HTTP/2 without asking', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ])('%s: 400, and the connection ends', async (_, text) => {
    const { dial, isWell } = await start()
    const line = dial()
    line.socket.write(text, 'latin1')
    await line.closed
    expect(line.statuses()).toEqual([400])
    await isWell()
  })

  test('a thousand that begin and go away leave nothing behind', async () => {
    const { dial, receiver, isWell } = await start({ concurrency: 2_000 })
    const heads = Array.from({ length: 1_000 }, () => dial())
    await Promise.all(heads.map((line) => line.pour([request('x'.repeat(1_000)).subarray(0, -500)])))
    await vi.waitFor(() => expect(receiver.inFlight()).toBeGreaterThan(900), SOON)
    for (const line of heads) line.socket.resetAndDestroy()
    await vi.waitFor(() => expect(receiver.inFlight()).toBe(0), SOON)
    await isWell()
  })

  test('of senders without the secret, no more is held than there is room for', async () => {
    const { dial, reasons, receiver, isWell } = await start({ bodyLimit: 1 << 20, concurrency: 200 })
    const half = request('x'.repeat(1 << 20)).subarray(0, -10)
    const lines = Array.from({ length: 100 }, () => dial())
    await Promise.all(lines.map((line) => line.pour([half])))
    await vi.waitFor(() => expect(reasons.filter((reason) => reason === 'no-room').length).toBeGreaterThan(20), SOON)
    // Those whose bodies have only begun hold little, until there is no room for them either.
    await vi.waitFor(() => expect(receiver.inFlight()).toBeLessThanOrEqual(65), SOON)
    for (const line of lines) line.socket.destroy()
    await isWell()
  })
})
