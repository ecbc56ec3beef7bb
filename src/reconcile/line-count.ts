import type { ChannelConfig } from '../config.ts'
import type { Endpoint } from '../domain/message.ts'
import { askDeliveryCount, type DeliveryCount } from '../providers/line/delivery-count.ts'
import { issueOnce } from '../providers/line/issue-once.ts'
import { tokenSourceOf } from '../stages/channels.ts'
import { mistaken, notTheSimulator } from '../stages/simulator-answer.ts'

/** What LINE says of one channel and kind, or why it does not. */
export type LineCount = DeliveryCount | { readonly kind: 'not-asked'; readonly why: string }

/** Of one request. */
const DEADLINE_MS = 10_000

/** Asks with the channel's own token. Never rejects. */
export const lineCountsOf = async (
  channel: ChannelConfig,
  endpoints: readonly Endpoint[],
  date: string,
): Promise<ReadonlyMap<Endpoint, LineCount>> => {
  const { baseUrl, headers } = channel
  const token = await tokenOf(channel)
  const counts = endpoints.map(async (endpoint): Promise<[Endpoint, LineCount]> => {
    if (typeof token !== 'string') return [endpoint, token]
    return [endpoint, await askDeliveryCount({ baseUrl, headers, token, deadlineMs: DEADLINE_MS }, endpoint, date)]
  })
  return new Map(await Promise.all(counts))
}

const tokenOf = async (channel: ChannelConfig): Promise<string | { readonly kind: 'not-asked'; readonly why: string }> => {
  if (channel.provider === 'line-simulator') {
    const found = await notTheSimulator(channel.baseUrl, DEADLINE_MS)
    if (found !== null) return { kind: 'not-asked', why: mistaken(found) }
  }
  const issued = await issueOnce(tokenSourceOf(channel), DEADLINE_MS)
  return issued.kind === 'issued' ? issued.token : { kind: 'not-asked', why: issued.reason }
}
