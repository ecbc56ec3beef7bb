import type { Answer } from '../webhook/answer.ts'
import type { Refused, Taken } from '../webhook/taker.ts'
import type { Parts } from './stage.ts'

/** Metrics and log of the webhook: whatever way a body came. Neither has anything of an event but its type. */
export interface WebhookTeller {
  taken(taken: Taken): void
  refused(refused: Refused): void
  answered(answer: Answer, ms: number): void
  /** What was to be stored is not, or is not known to be. */
  notStored(error: unknown): void
}

export const tellOfWebhook = ({ metrics: { webhook }, log }: Parts): WebhookTeller => {
  /** What LINE, or a stranger, may do a thousand times a second is logged the first time, and counted always. */
  const said = new Set<string>()
  const isFirst = (what: string): boolean => {
    if (said.has(what)) return false
    said.add(what)
    return true
  }
  return {
    taken: ({ channel, counts }) => {
      for (const { type, fate } of counts) webhook.events.inc({ channel, type, fate })
      if (counts.length > 0) return
      webhook.checks.inc({ channel })
      if (isFirst(`check of ${channel}`))
        log.info({ event: 'webhook-checked', channel }, `LINE has looked whether the webhook of ${channel} is there`)
    },
    refused: ({ reason, channels }) => {
      if (reason === 'unsigned' || !isFirst(`${reason} ${channels.join()}`)) return
      log.warn({ event: 'webhook-refused', reason, ...(channels.length > 0 && { channels }) }, REMEDIES[reason])
    },
    answered: ({ status, reason }, ms) => {
      webhook.requests.inc({ status, reason })
      webhook.answerSeconds.observe(ms / 1_000)
    },
    notStored: (error) => {
      const name = nameOf(error)
      if (!isFirst(`not stored: ${name}`)) return
      log.warn({ event: 'webhook-not-stored', error: name }, NOT_STORED)
    },
  }
}

/** Its message may quote what could not be written. */
export const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error)

const NOT_STORED =
  'what LINE sent is not in Kafka, or not known to be, so that LINE is to send it again: are the brokers well? Said once for each error, counted in tsuchi_webhook_requests_total'

const REMEDIES: Readonly<Record<Exclude<Refused['reason'], 'unsigned'>, string>> = {
  'wrong-signature':
    "a request came with a signature that none of the configured secrets makes: a stranger, or is one of LINE's missing in webhook.secrets? tsuchi_webhook_requests_total counts them",
  'unknown-account':
    'a request signed with the secret of a channel is about another account: is webhook.destination of that channel right? What was not taken is not claimed to have been listened to',
  unreadable: "a request signed with the secret of a channel has a body that is not one of LINE's webhooks",
}
