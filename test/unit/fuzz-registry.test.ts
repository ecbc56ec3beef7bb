import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { RegistryUnavailableError } from '../../src/intake/event-reading.ts'
import { createEventReader, createRegistry } from '../../src/kafka/event-reader.ts'
import { createRegistryApi } from '../../src/kafka/registry-api.ts'
import { RegistryError } from '../../src/kafka/registry-error.ts'
import { runsOf } from './fuzz-runs.ts'
import { startPeer } from './line-peer.ts'
import { IN_TIME, mutatedText } from './mutated.ts'
import { BILL } from './route-folder.ts'
import { wordsOf } from './words-of.ts'

/** Of the registry: nothing says it. */
const PASSWORD = 'c4naryPassw0rd'
const RECORD = Buffer.from([0, 0, 0, 0, 7, 2])

/** What became of a record whose schema it was asked for. */
const readFrom = async (respond: (socket: Socket, text: string) => void, timeoutMs = 10_000): Promise<string> => {
  const { origin } = await startPeer(({ socket, text }) => respond(socket, text))
  const reader = createEventReader(createRegistry({ url: origin, username: 'tsuchi', password: PASSWORD }, { timeoutMs }))
  return outcomeOf(() => reader.read(RECORD))
}

const outcomeOf = async (read: () => ReturnType<ReturnType<typeof createEventReader>['read']>): Promise<string> => {
  try {
    const reading = await read()
    if (reading.kind === 'poison') return `poison ${reading.reason}`
    return `event ${reading.recordName}`
  } catch (error) {
    expect(error).toBeInstanceOf(RegistryUnavailableError)
    const words = wordsOf(error)
    expect(words).not.toContain(PASSWORD)
    expect(words).not.toContain(Buffer.from(`tsuchi:${PASSWORD}`).toString('base64'))
    expect(error instanceof Error && error.message.length).toBeLessThan(400)
    return 'to be read again'
  }
}

const head = (status: number, ...headers: readonly string[]) =>
  [`HTTP/1.1 ${status} X`, 'Content-Type: application/json', ...headers, '', ''].join('\r\n')
const whole = (status: number, body: string | Buffer, ...headers: readonly string[]) =>
  Buffer.concat([Buffer.from(head(status, `Content-Length: ${Buffer.byteLength(body)}`, ...headers)), Buffer.from(body)])
const schemaOf = (schema: unknown, more: object = {}): string => JSON.stringify({ schema: JSON.stringify(schema), ...more })
const nested = (depth: number): string =>
  JSON.stringify({ schema: `${'{"type":"array","items":'.repeat(depth)}"int"${'}'.repeat(depth)}` })
const AGAIN = 'to be read again'
/** Nobody else's events wait for it. */
const UNSOUND = 'poison undecodable'

describe('a registry', () => {
  test.each<[string, Buffer, string]>([
    ['has the schema', whole(200, JSON.stringify({ schema: BILL })), 'event jp.example.Bill'],
    [
      'has one that names itself',
      whole(200, schemaOf({ type: 'record', name: 'A', fields: [{ name: 'a', type: ['null', 'A'] }] })),
      'event A',
    ],
    ['has not the schema', whole(404, '{"error_code":40403,"message":"Schema 7 not found"}'), 'poison unknown-schema'],
    ['has it, and it is not Avro', whole(200, schemaOf({}, { schemaType: 'JSON' })), 'poison unknown-schema'],
    ['has it of a kind that nobody knows', whole(200, schemaOf({}, { schemaType: 'THRIFT' })), UNSOUND],
    ['says that its leader was not found', whole(500, '{"error_code":50003,"message":"leader not found"}'), AGAIN],
    ['is behind a proxy that found nothing', whole(404, '{"message":"Not Found"}'), AGAIN],
    ['is behind a proxy that has a page for that', whole(404, '<html>not found</html>'), AGAIN],
    ['echoes the password', whole(401, JSON.stringify({ error_code: 401, message: `no user tsuchi:${PASSWORD}` })), AGAIN],
    [
      'echoes the password with a 404 of its own',
      whole(404, JSON.stringify({ error_code: 40403, message: `{${PASSWORD}}` })),
      'poison unknown-schema',
    ],
    ['answers null', whole(200, 'null'), AGAIN],
    ['fails with null', whole(500, 'null'), AGAIN],
    ['has not found null', whole(404, 'null'), AGAIN],
    ['fails without a word', whole(503, ''), AGAIN],
    ['answers a number', whole(200, '7'), AGAIN],
    ['answers a list', whole(200, '[]'), AGAIN],
    ['answers with a page', whole(200, '<html>log in</html>'), AGAIN],
    ['answers without a schema', whole(200, '{}'), AGAIN],
    ['answers with a schema that is a number', whole(200, '{"schema":7}'), AGAIN],
    ['has one that is no JSON', whole(200, '{"schema":"{"}'), UNSOUND],
    ['has one with a type that there is not', whole(200, schemaOf({ type: 'was found' })), UNSOUND],
    ['has one 100,000 deep', whole(200, nested(100_000)), UNSOUND],
    ['has one with a name that is none', whole(200, schemaOf({ type: 'record', name: 'a-b', fields: [] })), UNSOUND],
    [
      'has one with a default that does not fit',
      whole(200, schemaOf({ type: 'record', name: 'A', fields: [{ name: 'a', type: ['string', 'null'], default: null }] })),
      UNSOUND,
    ],
    ['leads somewhere else', whole(302, '', 'Location: http://127.0.0.1:1/'), AGAIN],
    ['leads to itself, for ever', whole(307, '', 'Location: /schemas/ids/7'), AGAIN],
    ['answers with half of it, and goes away', Buffer.from(`${head(200, 'Content-Length: 500')}{"schema":`), AGAIN],
    ['says nothing, and goes away', Buffer.alloc(0), AGAIN],
    ['speaks no HTTP', Buffer.from('SSH-2.0-OpenSSH\r\n'), AGAIN],
    ['answers with the status 999', whole(999, '{}'), AGAIN],
    ['answers with the status 204', Buffer.from(head(204)), AGAIN],
    ['compresses', whole(200, gzipSync(JSON.stringify({ schema: BILL })), 'Content-Encoding: gzip'), 'event jp.example.Bill'],
    ['says that it compresses, and does not', whole(200, JSON.stringify({ schema: BILL }), 'Content-Encoding: gzip'), AGAIN],
    ['compresses a gigabyte of spaces', whole(200, gzipSync(Buffer.alloc(1 << 28, ' ')), 'Content-Encoding: gzip'), AGAIN],
    ['has chunks that are none', Buffer.from(`${head(200, 'Transfer-Encoding: chunked')}zz\r\nabc\r\n`), AGAIN],
    ['has headers without an end', Buffer.from(`HTTP/1.1 200 X\r\n${'X-A: aaaaaaaaaaaaaaaa\r\n'.repeat(10_000)}`), AGAIN],
  ])(
    '%s',
    async (_, answer, outcome) => {
      expect(await readFrom((socket) => socket.end(answer))).toBe(outcome)
    },
    IN_TIME,
  )

  test(
    'that has no end to its answer is not read on, and the record is to be read again',
    async () => {
      let written = 0
      const outcome = await readFrom((socket) => {
        socket.write(head(200, 'Transfer-Encoding: chunked'))
        const chunk = `100000\r\n${' '.repeat(1 << 20)}\r\n`
        const pour = (): void => {
          if (socket.destroyed) return
          written += 1
          socket.write(chunk, pour)
        }
        pour()
      })
      expect(outcome).toBe(AGAIN)
      // 8 MiB twice, and what was on the way.
      expect(written).toBeLessThan(60)
    },
    IN_TIME,
  )

  test.each([
    ['never answers', () => {}],
    ['trickles', (socket: Socket) => trickle(socket, head(200, 'Transfer-Encoding: chunked'), '1\r\n \r\n')],
    ['trickles headers', (socket: Socket) => trickle(socket, 'HTTP/1.1 200 X\r\n', 'X: 1\r\n')],
    ['has always another answer to come', (socket: Socket) => trickle(socket, '', 'HTTP/1.1 103 Early Hints\r\n\r\n')],
  ])(
    'that %s is given up, and the record is to be read again',
    async (_, respond) => {
      expect(await readFrom(respond, 300)).toBe(AGAIN)
    },
    IN_TIME,
  )

  test('that answers one question in two with nothing is asked again at once', async () => {
    let asked = 0
    const outcome = await readFrom((socket) => {
      asked += 1
      if (asked === 1) socket.destroy()
      else socket.end(whole(200, JSON.stringify({ schema: BILL })))
    })
    expect({ outcome, asked }).toEqual({ outcome: 'event jp.example.Bill', asked: 2 })
  })
})

const trickle = (socket: Socket, first: string, more: string): void => {
  socket.write(first)
  const timer = setInterval(() => socket.write(more), 100)
  const stop = () => clearInterval(timer)
  socket.once('close', stop)
  onTestFinished(stop)
}

describe('whatever is answered', () => {
  /** Nobody may be left to fail where nobody catches it: that ends a worker. */
  const uncaught: unknown[] = []
  const remember = (reason: unknown) => uncaught.push(reason)
  beforeAll(() => void process.on('unhandledRejection', remember))
  afterAll(() => {
    process.off('unhandledRejection', remember)
    expect(uncaught).toEqual([])
  })

  const SAMPLES = [
    JSON.stringify({ schema: BILL }),
    schemaOf({ type: 'enum', name: 'E', symbols: ['A'] }),
    schemaOf(['null', { type: 'fixed', name: 'F', size: 8 }]),
    JSON.stringify({ schema: '"X"', references: [{ name: 'X', subject: 's', version: 1 }] }),
    '{"error_code":40403,"message":"Schema 7 not found"}',
    'null',
  ]
  const status = fc.oneof(
    { weight: 3, arbitrary: fc.constant(200) },
    fc.constantFrom(404, 401, 409, 422, 429, 500, 503),
    fc.integer({ min: 200, max: 999 }),
  )
  const answers = fc.tuple(status, fc.oneof(fc.constantFrom(...SAMPLES), mutatedText(fc.constantFrom(...SAMPLES))))

  test(
    'a record is an event, poison because there is no such schema or an unsound one, or to be read again',
    async () => {
      let answer: readonly [number, string] = [200, '']
      const { origin } = await startPeer(({ socket }) => socket.end(whole(answer[0], answer[1], 'Connection: close')))
      await fc.assert(
        fc.asyncProperty(answers, async (given) => {
          answer = given
          const reader = createEventReader(createRegistry({ url: origin, username: 'tsuchi', password: PASSWORD }))
          const outcome = await outcomeOf(() => reader.read(RECORD))
          expect(outcome).toMatch(/^(event .*|poison unknown-schema|poison undecodable|to be read again)$/su)
          // Poison is for good: only a registry that has answered in full may make it.
          if (outcome.startsWith('poison')) expect([200, 404]).toContain(given[0])
        }),
        runsOf(60),
      )
    },
    IN_TIME,
  )

  test(
    'the check learns what it asked for, or why it could not',
    async () => {
      let answer: readonly [number, string] = [200, '']
      const { origin } = await startPeer(({ socket }) => socket.end(whole(answer[0], answer[1], 'Connection: close')))
      const api = createRegistryApi({ url: origin, username: 'tsuchi', password: PASSWORD })
      await fc.assert(
        fc.asyncProperty(
          answers,
          fc.constantFrom('subjects', 'versionsOf', 'versionOf', 'levelOf', 'accepts'),
          async (given, name) => {
            answer = given
            const asked = {
              subjects: () => api.subjects(),
              versionsOf: () => api.versionsOf('a/b'),
              versionOf: () => api.versionOf('a', 1),
              levelOf: () => api.levelOf('a'),
              accepts: () => api.accepts('a', {}),
            }[name]
            try {
              await asked()
            } catch (error) {
              expect(error).toBeInstanceOf(RegistryError)
              expect(wordsOf(error)).not.toContain(PASSWORD)
            }
          },
        ),
        runsOf(60),
      )
    },
    IN_TIME,
  )
})
