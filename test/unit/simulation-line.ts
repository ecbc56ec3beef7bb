import type { Feedback } from '../../src/domain/input.ts'

/** What becomes of a message that LINE took, and of the news of it. Times in ms. */
export interface Fate {
  /** So long after LINE took it the person can see it: at once, or when they have consented; null: never. */
  readonly seenAfter: number | null
  /** LINE says so as much later. */
  readonly saidAfter: number
  /** And once more as much later; null: it does not. */
  readonly twiceAfter: number | null
  /** If nobody listened, LINE says it anew so much later, until somebody does; null: it was said in vain. */
  readonly againAfter: number | null
}

/** A delivery event on its way to whoever listens. */
interface News {
  readonly deliveryTag: string
  readonly channel: string
  readonly deliveredAt: number
  /** When LINE posts it. */
  readonly at: number
  readonly againAfter: number | null
  /** How often it was posted in vain. */
  readonly tries: number
}

interface Webhook {
  readonly channels: readonly string[]
  /** What it has not yet claimed to have heard begins here. */
  from: number
}

/** LINE gives up in the end. */
const MOST_TRIES = 5

/** LINE, where it has taken a message, and the webhooks that it posts its events to. What it posts while one of them is up is in feedback
 *  at once; a webhook claims only time in which it was up. */
export interface Line {
  /** LINE has the message of this intention. */
  take(message: { readonly deliveryTag: string; readonly channel: string }, fate: Fate): void
  /** Everything that LINE posts until now is posted, in its order. To be asked whenever time has passed, before anything else. */
  hear(): void
  /** When LINE posts the next event; infinite: there is none. */
  nextAt(): number
  listens(): boolean
  /** A webhook comes up, for these channels. */
  wake(which: number, channels: readonly string[]): void
  /** It goes; if in order, it says first what it has heard. */
  fall(which: number, way: 'in-order' | 'crashed'): void
  /** One that is up says that of so long until now something may be lost. */
  doubt(which: number, ms: number): void
  /** Every webhook that is up says what it has heard until so long ago. */
  tick(ago: number): void
}

export const createLine = ({
  now,
  write,
}: {
  readonly now: () => number
  readonly write: (feedback: Feedback) => void
}): Line => {
  const webhooks = new Map<number, Webhook>()
  let news: News[] = []

  const tell = (webhook: Webhook, until: number): void => {
    if (until <= webhook.from) return
    write({ kind: 'heartbeat', channels: webhook.channels, from: webhook.from, until })
    webhook.from = until
  }

  const post = (each: News): void => {
    const { deliveryTag, deliveredAt, at, channel, againAfter, tries } = each
    if ([...webhooks.values()].some(({ channels }) => channels.includes(channel)))
      write({ kind: 'receipt', deliveryTag, deliveredAt })
    else if (againAfter !== null && tries < MOST_TRIES) news.push({ ...each, at: at + againAfter, tries: tries + 1 })
  }

  return {
    take: ({ deliveryTag, channel }, { seenAfter, saidAfter, twiceAfter, againAfter }) => {
      if (seenAfter === null) return
      const deliveredAt = now() + seenAfter
      const first: News = { deliveryTag, channel, deliveredAt, at: deliveredAt + saidAfter, againAfter, tries: 0 }
      news.push(first)
      if (twiceAfter !== null) news.push({ ...first, at: first.at + twiceAfter })
    },
    hear: () => {
      for (;;) {
        const next = news.reduce<News | undefined>((a, b) => (a && a.at <= b.at ? a : b), undefined)
        if (!next || next.at > now()) return
        news = news.filter((each) => each !== next)
        post(next)
      }
    },
    nextAt: () => Math.min(...news.map(({ at }) => at)),
    listens: () => webhooks.size > 0,
    wake: (which, channels) => {
      if (!webhooks.has(which)) webhooks.set(which, { channels, from: now() })
    },
    fall: (which, way) => {
      const webhook = webhooks.get(which)
      if (webhook && way === 'in-order') tell(webhook, now())
      webhooks.delete(which)
    },
    doubt: (which, ms) => {
      const webhook = webhooks.get(which)
      if (webhook) write({ kind: 'hole', channels: webhook.channels, from: now() - ms, until: now() })
    },
    tick: (ago) => {
      for (const webhook of webhooks.values()) tell(webhook, now() - ago)
    },
  }
}
