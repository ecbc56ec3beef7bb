import type { Config } from '../config.ts'
import type { Policy } from '../domain/moment.ts'
import { costOf, mayReach, reviewOf } from './channels.ts'

/** What the configuration says of whom to write to, when, and how often; the opt-outs lie in Kafka. */
export const policyOf = (config: Config, isOptedOut: Policy['isOptedOut']): Policy => ({
  progress: config.results.progress,
  cost: costOf(config),
  isOptedOut,
  mayReach: mayReach(config),
  isShadow: (channel) => config.channels[channel]?.mode === 'shadow',
  wantsReview: (channel) => reviewOf(config.channels[channel]) === 'required',
  awaitsReceipt: (channel) => config.channels[channel]?.receipts === 'webhook',
  spacingMs: config.recipients.spacing ?? 0,
  perDay: config.recipients.perDay ?? Number.POSITIVE_INFINITY,
  probeEveryMs: (channel) => config.channels[channel]?.probeEvery ?? Number.POSITIVE_INFINITY,
})
