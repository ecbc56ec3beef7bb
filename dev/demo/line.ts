import { digestOf } from '../../src/line-simulator/people.ts'
import { DemoFault } from './fault.ts'
import { CHANNEL_ID, DESTINATION } from './workspace.ts'

/** What the demo makes LINE, and people, do. Phones are E.164. */
export interface Line {
  /** From now on LINE tells this URL of what becomes of messages; it is asked whether anybody is there, as LINE's console does. */
  registerWebhook(url: string, secret: string): Promise<void>
  /** LINE never answers the next request for this person; it may have taken it all the same, and then shows the message. */
  neverAnswer(phone: string, taken: 'taken' | 'not-taken'): Promise<void>
  /** The next event about a message to this person comes so late. */
  tellLate(phone: string, ms: number): Promise<void>
  /** The person agrees to notification messages. */
  consent(phone: string): Promise<void>
}

export const lineAt = (simulatorUrl: string, signal: AbortSignal): Line => {
  const ask = async (path: string, body: object): Promise<unknown> => {
    const answer = await fetch(`${simulatorUrl}/_simulator/${path}`, { method: 'POST', body: JSON.stringify(body), signal })
    if (!answer.ok) throw new DemoFault(`the simulator would not (${path}, ${answer.status}): ${await answer.text()}`)
    return answer.json()
  }
  return {
    registerWebhook: async (url, secret) => {
      await ask('webhooks', { channel: CHANNEL_ID, url, secret, destination: DESTINATION, redeliver: true })
      const checked = await ask('webhooks/check', { channel: CHANNEL_ID })
      if (!/"status":200\b/.test(JSON.stringify(checked)))
        throw new DemoFault(`the webhook does not answer LINE's check: ${JSON.stringify(checked)}`)
    },
    neverAnswer: async (phone, taken) => {
      await ask('faults', { kind: 'hang', recorded: taken === 'taken', to: digestOf(phone), count: 1 })
    },
    tellLate: async (phone, ms) => {
      await ask('webhooks/faults', { kind: 'late', ms, event: 'delivery', to: digestOf(phone), count: 1 })
    },
    consent: async (phone) => {
      await ask('people/consent', { phone })
    },
  }
}
