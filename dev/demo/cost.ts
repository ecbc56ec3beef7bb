import type { PublishedResult } from './result-reader.ts'

/** Ten-thousandths for each currency. */
export const costsOf = (
  results: readonly PublishedResult[],
): ReadonlyMap<string, { readonly count: number; readonly sum: bigint }> => {
  const costs = new Map<string, { count: number; sum: bigint }>()
  for (const { cost, terminal } of results) {
    if (!cost || !terminal) continue
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
