import { createServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { listen } from '../../src/http-listening.ts'
import { issueOnce } from '../../src/providers/line/issue-once.ts'

const DEADLINE_MS = 20_000
const stateless = (url: string) => ({ kind: 'stateless', url, clientId: '1', clientSecret: 'a secret' }) as const

test('a token is had, and nothing is left open', async () => {
  const server = createServer((_, response) => response.end('{"access_token":"a-token","expires_in":900}'))
  const url = await listen(server, { host: '127.0.0.1', port: 0, section: 'http' })
  expect(await issueOnce(stateless(url), DEADLINE_MS)).toEqual({ kind: 'issued', token: 'a-token', lifetimeMs: 900_000 })
  await new Promise((resolve) => server.close(resolve))
})

test('a token that no header can carry, or an address that is none, is why there is none, and nothing is thrown', async () => {
  expect(await issueOnce({ kind: 'long-lived', token: 'two words' }, DEADLINE_MS)).toEqual({
    kind: 'failed',
    reason: 'the long-lived token is empty or has characters no token has: copy it anew',
  })
  expect(await issueOnce(stateless('nowhere'), DEADLINE_MS)).toMatchObject({ kind: 'failed', reason: expect.any(String) })
})

test('whoever wants it no more ends the wait', async () => {
  const asked = Promise.withResolvers<void>()
  const server = createServer(() => asked.resolve())
  onTestFinished(() => void server.close())
  const url = await listen(server, { host: '127.0.0.1', port: 0, section: 'http' })
  const controller = new AbortController()
  const issued = issueOnce(stateless(url), DEADLINE_MS, controller.signal)
  await asked.promise
  controller.abort()
  expect(await issued).toMatchObject({ kind: 'failed' })
})
