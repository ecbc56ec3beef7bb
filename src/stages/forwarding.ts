import { createForwarder, FORWARD_OUTCOMES } from '../webhook/forwarder.ts'
import type { Parts } from './stage.ts'

/** Takes signed bodies on to the tools of those channels that have one. */
export interface Forwarding {
  /** Returns at once. */
  forward(
    channels: readonly string[],
    body: { readonly bytes: Buffer; readonly signature: string; readonly contentType: string | undefined },
  ): void
  /** Tries what is left, for so long. */
  close(budgetMs: number): Promise<void>
}

export const openForwarding = ({ config, clock, log, metrics }: Parts): Forwarding => {
  const forwarders = new Map(
    Object.entries(config.channels).flatMap(([channel, { webhook }]) => {
      if (webhook?.forward === undefined) return []
      for (const outcome of FORWARD_OUTCOMES) metrics.webhook.forwarded.inc({ channel, outcome }, 0) // an alert must tell "no" from "no data"
      const forwarder = createForwarder({
        url: webhook.forward,
        monotonic: clock.monotonic,
        onOutcome: (outcome) => metrics.webhook.forwarded.inc({ channel, outcome }),
        onLoss: ({ outcome, cause, bodies }) =>
          log.warn(
            { event: 'not-forwarded', channel, outcome, cause, bodies },
            `bodies of ${channel} are not forwarded: ${LOST[outcome]}`,
          ),
      })
      return [[channel, forwarder] as const]
    }),
  )
  metrics.ask.forwardHeld = () =>
    [...forwarders].map(([channel, forwarder]) => ({ labels: { channel }, value: forwarder.held().bodies }))
  return {
    forward: (channels, body) => {
      for (const channel of channels) forwarders.get(channel)?.forward(body)
    },
    close: async (budgetMs) => {
      await Promise.all([...forwarders.values()].map((forwarder) => forwarder.close(budgetMs)))
    },
  }
}

const LOST = {
  refused: 'the tool at webhook.forward does not want them',
  'given-up': 'the tool at webhook.forward did not take them, for a minute',
  'no-room': 'as many wait already as are held',
  stopped: 'this worker ended before the tool at webhook.forward took them',
} as const
