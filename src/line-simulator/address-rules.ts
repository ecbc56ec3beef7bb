import { z } from 'zod'
import type { Violations } from './violations.ts'

/** What both send endpoints have in common. Null counts as absent, as in LINE's own (Java) servers. */
export const addressShape = {
  to: z.string().nullish(),
  customAggregationUnits: z.array(z.string()).nullish(),
}

interface Addressed {
  readonly to?: string | null | undefined
  readonly customAggregationUnits?: readonly string[] | null | undefined
}

/** Upper-case hex is refused: LINE does not say that it accepts it. */
const DIGEST = /^[0-9a-f]{64}$/
const UNIT = /^[A-Za-z0-9_]*$/

export const checkAddress = (body: Addressed, violations: Violations): void => {
  if (!DIGEST.test(body.to ?? '')) violations.add('The value must be a valid SHA-256 digest.', 'to')
}

export const checkUnits = (body: Addressed, violations: Violations): void => {
  const units = body.customAggregationUnits ?? []
  violations.size(units, 'customAggregationUnits', 0, 1)
  for (const [index, unit] of units.entries()) {
    const property = `customAggregationUnits[${index}]`
    if (!violations.text(unit, property, 30)) continue
    if (!UNIT.test(unit)) violations.add('Invalid characters are included in custom aggregation unit', property)
  }
}
