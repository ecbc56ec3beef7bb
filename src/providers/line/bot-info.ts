import { z } from 'zod'
import { ask, type NoAnswer, noAnswer, type Question } from './question.ts'

/** What LINE, or a relay, makes of a token. */
export type BotInfo =
  /** The account's own user id: `destination` of its webhooks. */
  { readonly kind: 'known'; readonly userId: string } | NoAnswer

/** Asks whose token it is: the one call that LINE offers with a token for that. Never rejects. */
export const askBotInfo = async (question: Question): Promise<BotInfo> => {
  const answer = await ask(question, '/v2/bot/info')
  if (answer.kind === 'unreachable') return answer
  if (answer.status !== 200) return noAnswer(answer.status)
  const read = account.safeParse(answer.json)
  return read.success ? { kind: 'known', userId: read.data.userId } : { kind: 'foreign' }
}

const account = z.object({ userId: z.string().min(1) })
