import type { Findings } from './findings.ts'
import type { Breach } from './history.ts'
import { grouped, type Known } from './known.ts'

const WINDOW_MS = 1_000

export interface LaneRate {
  readonly lane: string
  /** Null: nobody said. */
  readonly limit: number | null
  /** The most departures in any second. */
  readonly most: number
}

/** Invariant 4: in no second do more requests leave on a lane, over all workers, than its limit. Each is in the lane that was asked for. */
export const checkRate = ({ history, sendings, asked }: Known): Findings & { readonly rates: readonly LaneRate[] } => {
  const breaches: Breach[] = []
  const blame = (where: string, what: string) => void breaches.push({ invariant: 4, what, where })
  for (const { deliveryTag, lane } of history.departures) {
    const wanted = asked.get(sendings.get(deliveryTag)?.entry.position ?? '')
    if (wanted && wanted.lane !== lane) blame(deliveryTag, `it left on ${lane}, and was asked for on ${wanted.lane ?? 'no lane'}`)
  }
  const rates: LaneRate[] = []
  for (const [lane, departures] of grouped(history.departures, ({ lane }) => lane)) {
    const limit = history.settings.limits[lane] ?? null
    const { most, over } = windowsOver(Float64Array.from(departures, ({ at }) => at).sort(), limit ?? 0)
    rates.push({ lane, limit, most })
    if (limit === null) blame(lane, `${departures.length} departures on a lane without a limit`)
    else
      for (const { count, until } of over) blame(lane, `${count} departures in the second until ${until}: the limit is ${limit}`)
  }
  return { checked: history.departures.length, breaches, rates }
}

/** Windows that begin within a second of one that is told are part of it. */
const windowsOver = (times: Float64Array, limit: number) => {
  const over: { count: number; until: number }[] = []
  let most = 0
  let begin = 0
  for (const [index, at] of times.entries()) {
    while ((times[begin] ?? at) <= at - WINDOW_MS) begin++
    const count = index - begin + 1
    most = Math.max(most, count)
    if (count <= limit) continue
    const last = over.at(-1)
    if (last && at < last.until + WINDOW_MS) over[over.length - 1] = count > last.count ? { count, until: at } : last
    else over.push({ count, until: at })
  }
  return { most, over }
}
