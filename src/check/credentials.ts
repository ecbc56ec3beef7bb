import type { ChannelConfig, Config } from '../config.ts'
import { askBotInfo } from '../providers/line/bot-info.ts'
import { issueOnce } from '../providers/line/issue-once.ts'
import { tokenSourceOf } from '../stages/channels.ts'
import { mistaken, notTheSimulator } from '../stages/simulator-answer.ts'
import { count, type Findings, together } from './findings.ts'
import { webhookFindings } from './webhook.ts'

type Look = Omit<Findings, 'looked'>

/** Of one request. */
const DEADLINE_MS = 5_000

/** Whether whoever takes each channel's messages would know us. Messages nobody. `usable`: what can be sent to at all. */
export const credentials = async ({ channels }: Config, usable: ReadonlySet<string>): Promise<Findings> => {
  const looks = await Promise.all(
    Object.entries(channels)
      .filter(([name]) => usable.has(name))
      .map(([name, channel]) => channelFindings(`channels.${name}`, channel)),
  )
  return { looked: count(looks.length, 'channel'), ...together(looks) }
}

const channelFindings = async (place: string, channel: ChannelConfig): Promise<Look> => {
  if (channel.provider === 'line-simulator') {
    const found = await notTheSimulator(channel.baseUrl, DEADLINE_MS)
    if (found !== null) return { faults: [`${place}.baseUrl: ${mistaken(found)}`] }
  }
  const look =
    channel.token.kind === 'stateless' ? await stateless(place, channel) : await longLived(place, channel, channel.token)
  if (channel.mode !== 'shadow') return look
  const { well, faults = [], warnings = [] } = look
  const excused = faults.map((fault) => `${fault} (mode is shadow, so nothing is sent yet)`)
  return { ...(well && { well }), warnings: [...excused, ...warnings] }
}

/** A token is had, as the worker would have it. */
const stateless = async (place: string, channel: ChannelConfig): Promise<Look> => {
  const issued = await issueOnce(tokenSourceOf(channel), DEADLINE_MS)
  if (issued.kind === 'issued')
    return together([
      { well: [`${place}: a token was issued`] },
      await webhookFindings(place, channel, issued.token, DEADLINE_MS),
    ])
  return { faults: [`${place}.token: ${issued.reason}`] }
}

/** The token is shown to whoever will get the messages. */
const longLived = async (
  place: string,
  channel: ChannelConfig,
  source: ChannelConfig['token'] & { readonly kind: 'long-lived' },
): Promise<Look> => {
  const { baseUrl, headers } = channel
  const info = await askBotInfo({ baseUrl, headers, token: source.token, deadlineMs: DEADLINE_MS })
  switch (info.kind) {
    case 'known':
      return together([
        { well: [`${place}: the token is known`] },
        await webhookFindings(place, channel, source.token, DEADLINE_MS),
      ])
    case 'refused':
      return {
        faults: [
          `${place}.token: HTTP ${info.status} at /v2/bot/info; the token is not of this account, or was revoked: issue another in LINE's console${Object.keys(headers).length > 0 ? ', and check headers' : ''}`,
        ],
      }
    case 'absent':
      return {
        warnings: [
          `${place}.token could not be tried: HTTP ${info.status} at /v2/bot/info, which a relay may not have. Send one message to yourself (mode: allow-list)`,
        ],
      }
    case 'foreign':
      return {
        warnings: [
          `${place}.token could not be tried: HTTP 200 at /v2/bot/info, but not with LINE's answer (JSON with userId). Is baseUrl right? If a relay answers so, send one message to yourself (mode: allow-list)`,
        ],
      }
    case 'unclear':
      return { warnings: [`${place}.token could not be tried: HTTP ${info.status} at /v2/bot/info. Try again later`] }
    case 'unreachable':
      return { faults: [`${place}.baseUrl: ${info.code}; check the URL, and that it can be reached from here`] }
  }
}
