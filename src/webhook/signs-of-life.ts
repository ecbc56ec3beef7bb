import type { Clock } from '../clock.ts'
import type { Evidence } from './evidence.ts'

/** Asks for a signed body wherever none has come for long: without, nobody knows whether silence is one. */
export interface SignsOfLife {
  /** Cuts off what is being asked. */
  stop(): Promise<void>
}

/** What came of it. `answered`: a body was sent, and taken by somebody. `absent`: whoever was asked knows of no such thing. */
export interface Asked {
  readonly kind: string
}

/** Evidence that is older is renewed. It holds for twelve hours, so that eleven are left to mend what is wrong. */
const RENEW_AFTER_MS = 3_600_000
/** LINE answers 60 an hour and channel, so ten processes may share one. */
const ASK_EVERY_MS = 10 * 60_000
/** A relay that has no such question never will; and LINE says the same of a URL that is not registered yet. */
const ASK_ABSENT_EVERY_MS = 3_600_000

export const startSignsOfLife = <T extends Asked>(options: {
  readonly channels: readonly string[]
  readonly evidence: Pick<Evidence, 'lastAt'>
  /** Never rejects. */
  readonly ask: (channel: string, signal: AbortSignal) => Promise<T>
  /** How often it looks. */
  readonly everyMs: number
  readonly clock: Pick<Clock, 'now'>
  readonly onAsked: (channel: string, asked: T) => void
  /** When it was asked for last it was answered, and nothing has come to this process since. */
  readonly onNothingCame: (channel: string) => void
}): SignsOfLife => {
  const { channels, evidence, clock } = options
  const last = new Map<string, { readonly at: number; readonly asked?: T }>()
  const underWay = new Set<Promise<void>>()
  const cut = new AbortController()

  const askFor = async (channel: string, at: number): Promise<void> => {
    last.set(channel, { at })
    const asked = await options.ask(channel, cut.signal)
    last.set(channel, { at, asked })
    if (!cut.signal.aborted) options.onAsked(channel, asked)
  }

  const look = (): void => {
    const now = clock.now()
    for (const channel of channels) {
      const heardAt = evidence.lastAt(channel)
      // A clock may be put back: what lies far ahead is no better than what lies far behind.
      if (heardAt !== undefined && Math.abs(now - heardAt) < RENEW_AFTER_MS) continue
      const before = last.get(channel)
      if (before) {
        const kind = before.asked?.kind
        const gap = kind === 'absent' ? ASK_ABSENT_EVERY_MS : ASK_EVERY_MS
        if (kind === undefined || Math.abs(now - before.at) < gap) continue
        if (kind === 'answered' && (heardAt === undefined || heardAt < before.at)) options.onNothingCame(channel)
      }
      const asking = askFor(channel, now).finally(() => underWay.delete(asking))
      underWay.add(asking)
    }
  }

  const timer = setInterval(look, options.everyMs)
  look()
  return {
    stop: async () => {
      clearInterval(timer)
      cut.abort()
      await Promise.all(underWay)
    },
  }
}
