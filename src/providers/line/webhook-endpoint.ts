import { z } from 'zod'
import { ask, type NoAnswer, noAnswer, type Question } from './question.ts'

/** Where LINE sends a channel's webhooks. `none`: LINE's 404, or that of a relay which has no such question. */
export type WebhookEndpoint =
  | { readonly kind: 'registered'; readonly url: string; readonly active: boolean }
  | { readonly kind: 'none' }
  | Exclude<NoAnswer, { kind: 'absent' }>

/** Never rejects. */
export const askWebhookEndpoint = async (question: Question): Promise<WebhookEndpoint> => {
  const answer = await ask(question, '/v2/bot/channel/webhook/endpoint')
  if (answer.kind === 'unreachable') return answer
  if (answer.status === 200) {
    const read = registered.safeParse(answer.json)
    return read.success ? { kind: 'registered', url: read.data.endpoint, active: read.data.active } : { kind: 'foreign' }
  }
  const none = noAnswer(answer.status)
  return none.kind === 'absent' ? { kind: 'none' } : none
}

const registered = z.object({ endpoint: z.string(), active: z.boolean() })
