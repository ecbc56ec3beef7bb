import type { ChannelConfig } from '../config.ts'
import { askBotInfo } from '../providers/line/bot-info.ts'
import type { NoAnswer, Question } from '../providers/line/question.ts'
import { askWebhookEndpoint } from '../providers/line/webhook-endpoint.ts'
import { type Findings, together } from './findings.ts'

type Look = Omit<Findings, 'looked'>

/** Whether LINE sends a channel's webhooks, and those of the account that the configuration takes them for. */
export const webhookFindings = async (
  place: string,
  { webhook, baseUrl, headers }: Pick<ChannelConfig, 'webhook' | 'baseUrl' | 'headers'>,
  token: string,
  deadlineMs: number,
): Promise<Look> => {
  if (!webhook) return {}
  const question = { baseUrl, headers, token, deadlineMs }
  return together(await Promise.all([destination(place, webhook.destination, question), endpoint(place, question)]))
}

const destination = async (place: string, given: string, question: Question): Promise<Look> => {
  const info = await askBotInfo(question)
  if (info.kind !== 'known')
    return {
      warnings: [`${place}.webhook.destination could not be compared with the account's: ${saidOf(info)} at /v2/bot/info`],
    }
  if (info.userId === given) return { well: [`${place}.webhook: destination is the account of the token`] }
  return {
    faults: [
      `${place}.webhook.destination: ${given}, and the token is of ${info.userId}: no event of this channel would be taken for its own. Write the latter, or the token and secrets of the other account`,
    ],
  }
}

const endpoint = async (place: string, question: Question): Promise<Look> => {
  const found = await askWebhookEndpoint(question)
  switch (found.kind) {
    case 'registered':
      return found.active
        ? {
            well: [
              `${place}.webhook: LINE sends events to ${plain(found.url)}. Whether it sends again what failed cannot be asked: switch on "Webhook redelivery" in LINE's console`,
            ],
          }
        : {
            warnings: [
              `${place}.webhook: LINE has ${plain(found.url)} for events, and sends none: switch on "Use webhook" in LINE's console`,
            ],
          }
    case 'none':
      return {
        warnings: [
          `${place}.webhook: LINE has no URL to send events to, or a relay does not tell: register in LINE's console where webhook.port is reached from outside, https and with webhook.path`,
        ],
      }
    default:
      return {
        warnings: [`${place}.webhook: where LINE sends events could not be asked: ${saidOf(found)}. Look in LINE's console`],
      }
  }
}

/** What is behind a question mark may be a secret. */
const plain = (url: string): string => (URL.canParse(url) ? `${new URL(url).origin}${new URL(url).pathname}` : 'a malformed URL')

const saidOf = (none: NoAnswer): string => {
  if (none.kind === 'unreachable') return none.code
  return none.kind === 'foreign' ? "HTTP 200, but not with LINE's answer" : `HTTP ${none.status}`
}
