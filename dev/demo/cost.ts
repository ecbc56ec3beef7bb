import type { PublishedResult } from './result-reader.ts'

/** By the configured price. Ten-thousandths of the currency's unit. */
export interface Cost {
  readonly count: number
  readonly sum: bigint
}

/** Of results that end something, by currency. */
export const costsOf = (
  results: readonly PublishedResult[],
  isCounted: (result: PublishedResult) => boolean = () => true,
): ReadonlyMap<string, Cost> => {
  const costs = new Map<string, Cost>()
  for (const result of results) {
    const { cost, terminal } = result
    if (!cost || !terminal || !isCounted(result)) continue
    const { count, sum } = costs.get(cost.currency) ?? { count: 0, sum: 0n }
    costs.set(cost.currency, { count: count + 1, sum: sum + cost.amount })
  }
  return costs
}

/** Exact: `JPY 1,785.00`. */
export const formatMoney = (tenThousandths: bigint, currency: string): string => {
  const fraction = String(tenThousandths % 10_000n)
    .padStart(4, '0')
    .replace(/00$/, '')
  return `${currency} ${(tenThousandths / 10_000n).toLocaleString('en')}.${fraction}`
}
