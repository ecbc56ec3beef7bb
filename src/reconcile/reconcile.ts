import type { Config } from '../config.ts'
import type { Endpoint } from '../domain/message.ts'
import type { Cost } from '../domain/result.ts'
import { costOf } from '../stages/channels.ts'
import type { Day } from './day.ts'
import { type LineCount, lineCountsOf } from './line-count.ts'
import type { Told } from './results.ts'
import { type Figures, NOTHING } from './tally.ts'

/** One channel and kind: what LINE says that it delivered, and what results say. */
export interface Comparison {
  readonly channel: string
  readonly endpoint: Endpoint
  /** Whether anybody listens for LINE's delivery events there now. */
  readonly listens: boolean
  readonly line: LineCount
  readonly ours: Figures
  /** How many more LINE counts; null without LINE's count. */
  readonly difference: number | null
  /** LINE's count at the price in the configuration. */
  readonly charged: Cost | null
}

export type Verdict = 'agrees' | 'differs' | 'not-ready' | 'not-told'

export interface Reconciliation {
  readonly day: Day
  readonly comparisons: readonly Comparison[]
  /** Null: LINE has counted nothing yet, so results were not read. */
  readonly told: Told | null
  /** Channels that results name and that were not compared, with why. */
  readonly leftOut: readonly string[]
  readonly verdict: Verdict
}

/** Kinds as LINE counts, and charges, them. */
const ENDPOINTS: readonly Endpoint[] = ['template', 'flexible']

export const reconcile = async (options: {
  readonly config: Config
  readonly day: Day
  /** All, if it is not said. */
  readonly channel: string | undefined
  /** Messages that a channel and kind may differ by. */
  readonly tolerance: number
  readonly readResults: () => Promise<Told>
}): Promise<Reconciliation> => {
  const { config, day, channel: only, tolerance } = options
  const wanted = Object.entries(config.channels).filter(([name]) => only === undefined || name === only)
  const sending = wanted.filter(([, { mode }]) => mode !== 'shadow')
  const counts = await Promise.all(
    sending.map(async ([name, setting]) => ({ name, setting, lines: await lineCountsOf(setting, ENDPOINTS, day.date) })),
  )
  const isPending = counts.length > 0 && counts.every(({ lines }) => [...lines.values()].every(({ kind }) => kind === 'unready'))
  const told = isPending ? null : await options.readResults()
  const priceOf = costOf(config)
  const comparisons = counts.flatMap(({ name, setting, lines }) =>
    [...lines].map(([endpoint, line]): Comparison => {
      const lane = told?.lanes.find((each) => each.channel === name && each.endpoint === endpoint)
      const ours = lane?.figures ?? NOTHING
      const price = priceOf(name, endpoint)
      return {
        ...{ channel: name, endpoint, listens: setting.receipts === 'webhook', line, ours },
        difference: line.kind === 'ready' ? line.delivered - countOf(ours) : null,
        charged: price && line.kind === 'ready' ? { ...price, tenThousandths: price.tenThousandths * line.delivered } : null,
      }
    }),
  )
  const shadows = wanted.filter(([, { mode }]) => mode === 'shadow')
  const strangers = (told?.lanes ?? []).filter(
    ({ channel, figures }) => only === undefined && !(channel in config.channels) && countOf(figures) > 0,
  )
  return {
    day,
    told,
    comparisons,
    leftOut: [
      ...shadows.map(([name]) => `${name}: mode is shadow, so nothing was sent by tsuchi`),
      ...strangers.map(
        ({ channel, endpoint, figures }) =>
          `${channel}/${endpoint}: results count ${countOf(figures)}, and the configuration has no such channel any more`,
      ),
    ],
    verdict: verdictOf(comparisons, tolerance),
  }
}

/** What results expect LINE to count. Where nobody listens, all that LINE took: it cannot be known better. */
export const countOf = ({ delivered, accepted }: Figures): number => delivered + accepted

/** A difference is news also when something else is not ready. */
const verdictOf = (comparisons: readonly Comparison[], tolerance: number): Verdict => {
  const kinds = comparisons.map(({ line, difference }): Verdict => {
    if (line.kind === 'unready') return 'not-ready'
    if (difference === null) return 'not-told'
    return Math.abs(difference) > tolerance ? 'differs' : 'agrees'
  })
  if (kinds.length === 0) return 'not-told' // nothing but shadows
  return (['differs', 'not-told', 'not-ready'] as const).find((kind) => kinds.includes(kind)) ?? 'agrees'
}
