import { z } from 'zod'
import type { Endpoint } from '../../domain/message.ts'
import { ask, type NoAnswer, noAnswer, type Question } from './question.ts'

/** How many messages LINE says that it really delivered on a day: what it charges. */
export type DeliveryCount =
  | { readonly kind: 'ready'; readonly delivered: number }
  /** Not aggregated yet: usually it is within the next day. */
  | { readonly kind: 'unready' }
  /** LINE has counted since 2018-03-31. */
  | { readonly kind: 'out-of-service' }
  | NoAnswer

const PATHS: Readonly<Record<Endpoint, string>> = {
  template: '/v2/bot/message/delivery/pnp/templated',
  flexible: '/v2/bot/message/delivery/pnp',
}

/** `date`: a day of UTC+9, as 2026-11-22. Never rejects. */
export const askDeliveryCount = async (question: Question, endpoint: Endpoint, date: string): Promise<DeliveryCount> => {
  const answer = await ask(question, `${PATHS[endpoint]}?date=${date.replaceAll('-', '')}`)
  if (answer.kind === 'unreachable') return answer
  if (answer.status !== 200) return noAnswer(answer.status)
  const read = count.safeParse(answer.json)
  if (!read.success) return { kind: 'foreign' }
  switch (read.data.status) {
    case 'ready':
      return { kind: 'ready', delivered: read.data.success }
    case 'unready':
      return { kind: 'unready' }
    case 'out_of_service':
      return { kind: 'out-of-service' }
  }
}

const count = z.discriminatedUnion('status', [
  z.object({ status: z.literal('ready'), success: z.number().int().min(0) }),
  z.object({ status: z.literal('unready') }),
  z.object({ status: z.literal('out_of_service') }),
])
