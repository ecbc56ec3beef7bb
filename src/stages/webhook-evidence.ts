import type { ChannelConfig } from '../config.ts'
import { issueOnce } from '../providers/line/issue-once.ts'
import { testWebhook, type WebhookTest } from '../providers/line/webhook-test.ts'
import type { Evidence } from '../webhook/evidence.ts'
import { type SignsOfLife, startSignsOfLife } from '../webhook/signs-of-life.ts'
import { remedyOf } from '../webhook/test-remedy.ts'
import { tokenSourceOf } from './channels.ts'
import type { Parts } from './stage.ts'

/** Of each of its two requests. LINE itself waits two seconds for the webhook. */
const DEADLINE_MS = 5_000

export type WebhookTested = WebhookTest | { readonly kind: 'no-token'; readonly reason: string }

const OUTCOMES: readonly WebhookTested['kind'][] = [
  'answered',
  'failed',
  'refused',
  'absent',
  'unclear',
  'foreign',
  'unreachable',
  'no-token',
]

/** Has LINE test the webhooks, wherever nothing has come of them for long. On a shadow channel LINE is asked for nothing. */
export const keepEvidence = (parts: Parts, channels: readonly string[], evidence: Evidence): SignsOfLife => {
  const { config, clock, metrics } = parts
  const asked = channels.filter((name) => config.channels[name]?.mode !== 'shadow')
  // An alert must tell "no" from "no data".
  for (const channel of asked) for (const outcome of OUTCOMES) metrics.webhook.tests.inc({ channel, outcome }, 0)
  const tell = tellOf(parts)
  return startSignsOfLife<WebhookTested>({
    channels: asked,
    evidence,
    ask: async (name, signal) => {
      const channel = config.channels[name]
      return channel ? await askLine(channel, signal) : { kind: 'no-token', reason: 'no such channel' }
    },
    everyMs: config.webhook.heartbeatEvery,
    clock,
    ...tell,
    onAsked: (channel, tested) => {
      if (tested.kind === 'failed') evidence.lost(channel)
      tell.onAsked(channel, tested)
    },
  })
}

const askLine = async (channel: ChannelConfig, signal: AbortSignal): Promise<WebhookTested> => {
  const { baseUrl, headers } = channel
  // One of its own: this may be a process that sends nothing. Where none can be had, whoever sends says so.
  const token = await issueOnce(tokenSourceOf(channel), DEADLINE_MS, signal)
  return token.kind === 'issued'
    ? await testWebhook({ baseUrl, headers, token: token.token, deadlineMs: DEADLINE_MS, signal })
    : { kind: 'no-token', reason: token.reason }
}

/** What lasts is logged once, and counted always. */
const tellOf = ({ metrics, log }: Parts) => {
  const causes = new Map<string, string>()
  const elsewhere = new Set<string>()
  return {
    onAsked: (channel: string, tested: WebhookTested) => {
      metrics.webhook.tests.inc({ channel, outcome: tested.kind })
      const { event, cause, message } = wordsOf(channel, tested)
      if (causes.get(channel) === cause) return
      const isFirst = !causes.has(channel)
      causes.set(channel, cause)
      if (tested.kind !== 'answered') log.warn({ event, channel, ...tested }, message)
      else if (!isFirst) log.info({ event, channel }, message)
    },
    onNothingCame: (channel: string) => {
      if (elsewhere.has(channel)) return
      elsewhere.add(channel)
      log.warn(
        { event: 'webhook-elsewhere', channel },
        `LINE's test of the webhook of ${channel} was answered, and nothing came here: another process took it, or the URL in LINE's console is somebody else's. What does not come is not claimed to have been listened to`,
      )
    },
  }
}

interface Words {
  readonly event: string
  readonly cause: string
  readonly message: string
}

const wordsOf = (channel: string, tested: WebhookTested): Words => {
  const untested = (cause: string, remedy: string): Words => ({
    event: 'webhook-untested',
    cause,
    message: `LINE could not be asked to test the webhook of ${channel}: ${cause}. ${remedy} Until something comes, silence is none`,
  })
  switch (tested.kind) {
    case 'answered':
      return { event: 'webhook-tested', cause: 'answered', message: `LINE reaches the webhook of ${channel} again` }
    case 'failed': {
      const cause = `${tested.reason}, status ${tested.status}`
      return {
        event: 'webhook-not-reached',
        cause,
        message: `LINE's test of the webhook of ${channel} failed: ${cause}. ${remedyOf(tested.status)} Until something comes, silence is none`,
      }
    }
    case 'no-token':
      return untested(tested.reason, 'Nothing can be sent either, if that lasts.')
    case 'refused':
      return untested(`HTTP ${tested.status}`, "Is the token of this account, and are the channel's headers right?")
    case 'absent':
      return untested(
        `HTTP ${tested.status}`,
        "Register the URL in LINE's console; if a relay does not know the question, only what is sent shows that LINE reaches the webhook.",
      )
    case 'unclear':
      return untested(
        `HTTP ${tested.status}`,
        tested.status === 429 ? 'Others have asked 60 times within the hour.' : 'It is asked again.',
      )
    case 'foreign':
      return untested("HTTP 200, but not with LINE's answer", 'Is baseUrl right?')
    case 'unreachable':
      return untested(tested.code, 'Can baseUrl be reached from here?')
  }
}
