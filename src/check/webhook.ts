import type { ChannelConfig } from '../config.ts'
import { askBotInfo } from '../providers/line/bot-info.ts'
import type { NoAnswer, Question } from '../providers/line/question.ts'
import { askWebhookEndpoint } from '../providers/line/webhook-endpoint.ts'
import { testWebhook } from '../providers/line/webhook-test.ts'
import { remedyOf } from '../webhook/test-remedy.ts'
import { type Findings, together } from './findings.ts'

type Look = Omit<Findings, 'looked'>

/** Whether LINE sends a channel's webhooks, and reaches whoever takes them, and whether they are of the account that the configuration
 *  takes them for. */
export const webhookFindings = async (
  place: string,
  channel: Pick<ChannelConfig, 'webhook' | 'baseUrl' | 'headers' | 'provider' | 'mode'>,
  token: string,
  deadlineMs: number,
): Promise<Look> => {
  const { webhook, baseUrl, headers } = channel
  if (!webhook) return {}
  const question = { baseUrl, headers, token, deadlineMs }
  return together(await Promise.all([destination(place, webhook.destination, question), endpoint(place, channel, question)]))
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

const endpoint = async (
  place: string,
  { provider, mode }: Pick<ChannelConfig, 'provider' | 'mode'>,
  question: Question,
): Promise<Look> => {
  const found = await askWebhookEndpoint(question)
  const isLine = provider === 'line'
  switch (found.kind) {
    case 'registered':
      return found.active
        ? together([
            {
              well: [
                `${place}.webhook: LINE sends events to ${plain(found.url)}. Whether it sends again what failed cannot be asked: ${isLine ? 'switch on "Webhook redelivery" in LINE\'s console' : 'start the simulator with --redeliver'}`,
              ],
            },
            mode === 'shadow' ? {} : await reached(place, question),
          ])
        : {
            warnings: [
              `${place}.webhook: LINE has ${plain(found.url)} for events, and sends none: switch on "Use webhook" in LINE's console`,
            ],
          }
    case 'none':
      return {
        warnings: [
          isLine
            ? `${place}.webhook: LINE has no URL to send events to, or a relay does not tell: register in LINE's console where webhook.port is reached from outside, https and with webhook.path`
            : `${place}.webhook: the simulator has no URL to send events to: start it with --webhook and the URL of webhook.port, with webhook.path`,
        ],
      }
    default:
      return {
        warnings: [`${place}.webhook: where LINE sends events could not be asked: ${saidOf(found)}. Look in LINE's console`],
      }
  }
}

/** As LINE itself finds when it tests the webhook. Who looks before the first start has no webhook yet: that is no fault. */
const reached = async (place: string, question: Question): Promise<Look> => {
  const tested = await testWebhook(question)
  switch (tested.kind) {
    case 'answered':
      return { well: [`${place}.webhook: LINE reaches it: a test without events was answered`] }
    case 'failed':
      return {
        warnings: [
          `${place}.webhook: LINE does not reach it: a test failed (${tested.reason}, status ${tested.status}). If no worker runs that takes webhooks, start one, and check again. ${remedyOf(tested.status)}`,
        ],
      }
    default:
      return {
        warnings: [
          `${place}.webhook: LINE could not be asked to test whether it reaches it: ${saidOf(tested)}. That events come is seen in tsuchi_webhook_events_total`,
        ],
      }
  }
}

/** What is behind a question mark may be a secret. */
const plain = (url: string): string => (URL.canParse(url) ? `${new URL(url).origin}${new URL(url).pathname}` : 'a malformed URL')

const saidOf = (none: NoAnswer): string => {
  if (none.kind === 'unreachable') return none.code
  return none.kind === 'foreign' ? "HTTP 200, but not with LINE's answer" : `HTTP ${none.status}`
}
