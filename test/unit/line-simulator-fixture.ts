import { Agent, request } from 'undici'
import { onTestFinished } from 'vitest'
import type { Clock } from '../../src/clock.ts'
import type { SimulatorOptions } from '../../src/line-simulator/options.ts'
import { digestOfPerson } from '../../src/line-simulator/people.ts'
import { startSimulator } from '../../src/line-simulator/simulator.ts'

export const TEMPLATE = '/v2/bot/message/pnp/templated/push'
const FLEXIBLE = '/bot/pnp/push'
const TOKEN = '/oauth2/v3/token'
export const somebody = digestOfPerson('reachable', 0)

export const item = (itemKey: string, content = '午前中') => ({ itemKey, content })
export const button = (buttonKey = 'contact_ja', url = 'https://example.com/ContactUs/') => ({ buttonKey, url })
export const template = (body: object = {}, rest: object = {}) => ({
  to: somebody,
  templateKey: 'shipment_completed_ja',
  body,
  ...rest,
})
export const flexible = (...messages: object[]) => ({ to: somebody, messages })
export const text = (words = 'お届けします') => ({ type: 'text', text: words })
export const flex = (contents: object, altText = 'お知らせ') => ({ type: 'flex', altText, contents })
export const bubble = (...contents: object[]) => ({ type: 'bubble', body: { type: 'box', layout: 'vertical', contents } })
export const link = (uri: string) => ({ type: 'button', action: { type: 'uri', label: '詳細', uri } })
/** A simulator, and a client that speaks to it as the product does: real HTTP, keep-alive, both closed when the test ends. */
export const start = async (options: SimulatorOptions = {}) => {
  const simulator = await startSimulator({ longLivedTokens: [{ token: 'console-token', clientId: '100' }], ...options })
  const dispatcher = new Agent({ connections: 4 })
  onTestFinished(async () => {
    await simulator.stop()
    await dispatcher.close()
  })
  const call = async (method: string, path: string, headers: Record<string, string>, body?: string, signal?: AbortSignal) => {
    const init = { method, headers, body: body ?? null, dispatcher, ...(signal ? { signal } : {}) }
    const response = await request(`${simulator.url}${path}`, init)
    return { status: response.statusCode, headers: response.headers, text: await response.body.text() }
  }
  const post = async (path: string, body: object | string, headers: Record<string, string> = {}, signal?: AbortSignal) => {
    const proper = { 'content-type': 'application/json', authorization: 'Bearer console-token', ...headers }
    const sent = typeof body === 'string' ? body : JSON.stringify(body)
    return call('POST', path, proper, sent, signal)
  }
  return {
    simulator,
    call,
    post,
    push: (body: object | string, headers?: Record<string, string>, signal?: AbortSignal) => {
      return post(typeof body === 'object' && 'messages' in body ? FLEXIBLE : TEMPLATE, body, headers, signal)
    },
    token: async (form: Record<string, string> = {}) => {
      const fields = { grant_type: 'client_credentials', client_id: '200', client_secret: 'secret', ...form }
      const type = { 'content-type': 'application/x-www-form-urlencoded' }
      const answer = await call('POST', TOKEN, type, new URLSearchParams(fields).toString())
      return { status: answer.status, body: JSON.parse(answer.text) as Record<string, unknown> }
    },
    admin: async (method: string, path: string, body?: object) => {
      const answer = await call(method, `/_simulator${path}`, {}, body ? JSON.stringify(body) : undefined)
      return { status: answer.status, text: answer.text, json: (): unknown => JSON.parse(answer.text) }
    },
  }
}

export const startClock = () => {
  let elapsed = 0
  const clock: Clock = { now: () => 1_790_000_000_000 + elapsed, monotonic: () => 5000 + elapsed }
  return { clock, advance: (ms: number) => (elapsed += ms) }
}
