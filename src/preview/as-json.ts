import type { Config } from '../config.ts'
import { costOf } from '../stages/channels.ts'
import { wordsOf } from './fate-words.ts'
import { isFaulty, type Preview, type Recipient } from './preview.ts'
import { remedyOf } from './remedies.ts'
import type { Told } from './tell.ts'

/** The preview for programs. Times are ISO 8601. Holds the message, and neither the number nor its hash. */
export const asJson = ({ preview, config, from, how, review, notes, most }: Told): object => {
  const { route, event, now, dead, callsOff, recipients } = preview
  const channel = route?.kind === 'notify' ? config.channels[route.channel] : undefined
  return {
    sound: !isFaulty(preview),
    from,
    at: isoUtc(now),
    event: { ...event, time: event.time === null ? null : isoUtc(event.time) },
    route: route && {
      name: route.id,
      file: route.file,
      how,
      kind: route.kind,
      topic: route.topic,
      ...(route.kind === 'notify' && {
        purpose: route.purpose,
        endpoint: route.endpoint,
        channel: { name: route.channel, provider: channel?.provider ?? null, mode: channel?.mode ?? null },
        fingerprint: route.fingerprint,
        review,
      }),
    },
    dead: dead && { reason: dead.reason, detail: dead.detail },
    callsOff,
    recipients: recipients.slice(0, most).map((recipient) => recipientOf(recipient, preview, config)),
    recipientCount: recipients.length,
    notes,
  }
}

const recipientOf = (recipient: Recipient, preview: Preview, config: Config): object => {
  const { index, customerId, recipientRef, notification, fate, forThoseTold, message, broken } = recipient
  return {
    index,
    customerId,
    recipientRef,
    fate: {
      ...fate,
      ...(fate.kind === 'waits' && { until: fate.until === null ? null : isoUtc(fate.until) }),
      ...(fate.kind === 'ends' && fate.status === 'refused' && { remedy: remedyOf(fate.reason ?? '') }),
      ifTold: forThoseTold,
      says: wordsOf(recipient, preview, config),
    },
    broken,
    ...(notification && {
      zone: notification.zone,
      subject: notification.subject,
      revision: notification.revision,
      onlyIfNotified: notification.onlyIfNotified,
      expiresAt: notification.expiresAt === null ? null : isoUtc(notification.expiresAt),
      fallback: notification.fallback,
      fallbackAfterMs: notification.fallbackAfterMs,
      cost: costIn(config, notification),
    }),
    message,
  }
}

const costIn = (config: Config, { channel, endpoint }: NonNullable<Recipient['notification']>): object | null => {
  const cost = costOf(config)(channel, endpoint)
  return cost && { amount: cost.tenThousandths / 10_000, currency: cost.currency }
}

const isoUtc = (ms: number): string => new Date(ms).toISOString()
