import { z } from 'zod'
import { ask, type NoAnswer, noAnswer, type Question } from './question.ts'

/** What came of a test of the webhook, as LINE saw it. */
export type WebhookTest =
  /** The URL that LINE has answered well: ours, if it is the right one. */
  | { readonly kind: 'answered' }
  /** It did not. `status`: of its answer, or 0. `reason`: LINE's word for it. */
  | { readonly kind: 'failed'; readonly status: number; readonly reason: string }
  /** `absent`: LINE has no URL, or a relay has no such question. */
  | NoAnswer

/** Has LINE send a signed body without events to the URL that it has for this channel. LINE does so 60 times an hour. Never rejects. */
export const testWebhook = async (question: Question): Promise<WebhookTest> => {
  const answer = await ask(question, '/v2/bot/channel/webhook/test', {})
  if (answer.kind === 'unreachable') return answer
  if (answer.status !== 200) return noAnswer(answer.status)
  const read = result.safeParse(answer.json)
  if (!read.success) return { kind: 'foreign' }
  const { success, statusCode, reason } = read.data
  return success ? { kind: 'answered' } : { kind: 'failed', status: statusCode, reason: WORD.test(reason) ? reason : 'UNKNOWN' }
}

/** `detail` is left where it is: it may quote the URL, and that a secret. */
const result = z.object({ success: z.boolean(), statusCode: z.number().default(0), reason: z.string().default('') })

const WORD = /^\w{1,64}$/
