import type { Clock } from '../clock.ts'
import type { Evidence } from './evidence.ts'

/** Asks for a signed body wherever none has come for long: without, nobody knows whether silence is one. */
export interface SignsOfLife {
  /** What is asked is not waited for. */
  stop(): Promise<void>
}

/** What came of it. `absent`: whoever was asked knows of no such thing. */
export interface Asked {
  readonly kind: 'answered' | 'absent' | (string & {})
}

/** Evidence that is older is renewed. It holds for twelve hours, so that eleven are left to mend what is wrong. */
const RENEW_AFTER_MS = 3_600_000
/** LINE answers 60 an hour and channel, so ten processes may share one. */
const ASK_EVERY_MS = 10 * 60_000
/** Whoever has no webhook now may have one later: LINE says the same of a URL that is not registered as a relay of what it does not have. */
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
  const last = new Map<string, { readonly at: number; readonly kind: Asked['kind'] | 'under-way' }>()
  const underWay = new Set<Promise<void>>()
  const cut = new AbortController()

  const askFor = async (channel: string, at: number): Promise<void> => {
    last.set(channel, { at, kind: 'under-way' })
    const asked = await options.ask(channel, cut.signal)
    last.set(channel, { at, kind: asked.kind })
    if (!cut.signal.aborted) options.onAsked(channel, asked)
  }

  const look = (): void => {
    const now = clock.now()
    for (const channel of channels) {
      const heardAt = evidence.lastAt(channel)
      // A clock may be put back: then what lies far in the future is no better than what lies in the past.
      if (heardAt !== undefined && Math.abs(now - heardAt) < RENEW_AFTER_MS) continue
      const before = last.get(channel)
      if (before?.kind === 'under-way') continue
      const gap = before?.kind === 'absent' ? ASK_ABSENT_EVERY_MS : ASK_EVERY_MS
      if (before && Math.abs(now - before.at) < gap) continue
      if (before?.kind === 'answered' && !(heardAt !== undefined && heardAt >= before.at)) options.onNothingCame(channel)
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
