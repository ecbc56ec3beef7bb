import { join } from 'node:path'
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import { expect, test, vi } from 'vitest'
import { schemas } from '../../src/check/schemas.ts'
import { loadConfig } from '../../src/config.ts'
import { createRegistryApi, type RegistryApi } from '../../src/kafka/registry-api.ts'
import { answer, closedPort, startPeer } from './line-peer.ts'
import { billRoute, folderOf } from './route-folder.ts'
import { SOON } from './soon.ts'

/** A registry that says this to everything. */
const saying = async (status: number, body: string): Promise<RegistryApi> => {
  const { origin } = await startPeer(({ socket }) => socket.end(answer(status, body)))
  return createRegistryApi({ url: `${origin}/api/`, username: 'tsuchi', password: 'c4nary' })
}

const WRONG_PATH =
  "something answers at registry.url, but not with the registry's API: give the path too (Apicurio: …/apis/ccompat/v7; Confluent: mostly none)"

test.each([
  [
    401,
    '{"error_code":401,"message":"Unauthorized"}',
    'HTTP 401',
    'check registry.username and registry.password, and that this user may read subjects',
  ],
  [403, 'no', 'HTTP 403', 'check registry.username and registry.password, and that this user may read subjects'],
  [404, '{"title":"Could not find resource","status":404}', 'HTTP 404', WRONG_PATH],
  [404, '', 'HTTP 404', WRONG_PATH],
  [302, '', 'HTTP 302', WRONG_PATH],
  [200, '<html>log in</html>', 'an answer of another content', WRONG_PATH],
  [200, '{"status":"fine"}', 'an answer of another content', WRONG_PATH],
  [500, '{"error_code":50001,"message":"c4nary"}', 'HTTP 500', 'it answers, but not as it should: look at its own log'],
])('what answers %i %s is told with what to mend', async (status, body, found, remedy) => {
  const registry = await saying(status, body)
  await expect(registry.subjects()).rejects.toThrow(`the schema registry could not be asked (${found}): ${remedy}`)
})

test('nobody there', async () => {
  const registry = createRegistryApi({ url: `http://127.0.0.1:${await closedPort()}` })
  await expect(registry.subjects()).rejects.toThrow('(ECONNREFUSED): is registry.url right, and the registry up?')
})

test('it is asked below the path of registry.url, with user and password', async () => {
  const peer = await startPeer(({ socket }) => socket.end(answer(200, '["bills-value"]')))
  const registry = createRegistryApi({ url: `${peer.origin}/apis/ccompat/v7/`, username: 'tsuchi', password: 'secret' })
  expect(await registry.subjects()).toEqual(new Set(['bills-value']))
  const [request] = peer.requests
  expect(request?.text).toMatch(/^GET \/apis\/ccompat\/v7\/subjects HTTP/)
  expect(request?.header('authorization')).toBe(`Basic ${Buffer.from('tsuchi:secret').toString('base64')}`)
})

test('a registry that compares with one version at a time is asked for the latest', async () => {
  const peer = await startPeer(({ socket, text }) =>
    socket.end(
      text.includes('/versions/latest')
        ? answer(200, '{"is_compatible":false,"messages":["amount: type mismatch"]}')
        : answer(404, '{"error_code":404,"message":"HTTP 404 Not Found"}'),
    ),
  )
  const registry = createRegistryApi({ url: peer.origin })
  expect(await registry.accepts('bills-value', { type: 'string' })).toEqual({
    compatible: false,
    messages: ['amount: type mismatch'],
  })
  expect(peer.requests.map(({ text }) => text.split(' ')[1])).toEqual([
    '/compatibility/subjects/bills-value/versions?verbose=true',
    '/compatibility/subjects/bills-value/versions/latest?verbose=true',
  ])
})

test('a registry that does not fall back by itself is asked for its level as a whole', async () => {
  const { origin } = await startPeer(({ socket, text }) =>
    socket.end(
      text.startsWith('GET /config ')
        ? answer(200, '{"compatibilityLevel":"BACKWARD"}')
        : answer(404, '{"error_code":40408,"message":"Subject has no level of its own"}'),
    ),
  )
  expect(await createRegistryApi({ url: origin }).levelOf('bills-value')).toBe('BACKWARD')
})

test('a subject that there is not has no level, and nothing to be compatible with', async () => {
  const registry = await saying(404, '{"error_code":40401,"message":"Subject not found."}')
  expect(await registry.levelOf('bills-value')).toBeNull()
  expect(await registry.accepts('bills-value', { type: 'string' })).toBeNull()
})

/** Versions of one subject, each answer when the test says so. */
const slowRegistry = (numbers: readonly number[]) => {
  const asked: number[] = []
  const answers: (() => void)[] = []
  const api: RegistryApi = {
    subjects: async () => new Set(['bills-value']),
    versionsOf: async () => numbers,
    versionOf: (_, version) =>
      new Promise((resolve) => {
        asked.push(version)
        answers.push(() => resolve({ version, id: version, type: 'AVRO', text: '{"type":"string"}', hasReferences: false }))
      }),
    levelOf: async () => 'FULL_TRANSITIVE',
    accepts: async () => null,
  }
  return { api, asked, answers }
}

test('of many versions eight are asked for at once, the newest first; when time is up, what was found is told, and how far it came', async () => {
  let now = 0
  const { api, asked, answers } = slowRegistry(Array.from({ length: 20 }, (_, index) => index + 1))
  const client = new SchemaRegistry({ host: `http://127.0.0.1:${await closedPort()}` })
  const config = loadConfig(join(folderOf({ 'tsuchi.yaml': CONFIG }), 'tsuchi.yaml'), {}, { unset: 'stand-in' })
  const found = schemas({ api, client, until: 1_000, monotonic: () => now }, config, [billRoute()])
  await vi.waitUntil(() => answers.length === 8, SOON)
  expect(asked).toEqual([20, 19, 18, 17, 16, 15, 14, 13])
  answers[0]?.()
  await vi.waitUntil(() => answers.length === 9, SOON)
  now = 1_000
  for (const answer of answers) answer()
  const { looked, faults, warnings } = await found
  expect(looked).toBe('3 schemas of what is published, and 9 versions of 1 subject of events')
  expect(faults).toContain(
    'bills-value: of 20 versions only the newest 9 were looked at, as the registry is slow: look at its own log, and at the network, and try again',
  )
  expect(warnings).toHaveLength(9)
  expect(warnings?.[0]).toMatch(/^bills-value version 12 \(id 12\) is a string, and no route takes that from bills/)
})

test('a registry is asked eight things at once, and the next when one is answered', async () => {
  const open: (() => void)[] = []
  const { origin } = await startPeer(({ socket }) => open.push(() => socket.end(answer(200, '[1]'))))
  const registry = createRegistryApi({ url: origin })
  const answered = Array.from({ length: 10 }, () => registry.versionsOf('bills-value'))
  await vi.waitUntil(() => open.length === 8, SOON)
  open[0]?.()
  await vi.waitUntil(() => open.length === 9, SOON)
  for (const close of open.slice(1)) close()
  await vi.waitUntil(() => open.length === 10, SOON)
  open[9]?.()
  expect(await Promise.all(answered)).toEqual(Array.from({ length: 10 }, () => [1]))
})

const CONFIG = `kafka: { brokers: [localhost:1] }
registry: { url: http://localhost:1 }
privacy: { pepper: "\${TSUCHI_PEPPER}", sealingKeys: ["\${TSUCHI_SEALING_KEY}"] }
channels: { main: { token: { kind: long-lived, token: a } } }
`
