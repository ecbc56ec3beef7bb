import { type Drawn, type Listed, openDrawBook } from './draw-book.ts'
import type { Endpoint } from './endpoint.ts'
import { type Fault, type FaultSpec, faultSpec } from './fault.ts'

export type ListedFault = Listed<Fault>

export interface FaultBook {
  /** Throws a ZodError when the fault makes no sense. */
  add(spec: FaultSpec): ListedFault
  /** The fault that befalls this request, if any: of those that match, the first in order of adding. Counts it. */
  draw(endpoint: Endpoint, to: string | null): Drawn<Fault> | undefined
  /** Spent ones included. */
  list(): ListedFault[]
  clear(): void
}

export const openFaultBook = (): FaultBook => {
  const book = openDrawBook<Fault, ReadonlySet<string> | undefined>()
  return {
    ...book,
    add: (spec) => {
      const fault = faultSpec.parse(spec)
      return book.add(fault, fault.to === undefined ? undefined : new Set([fault.to].flat()))
    },
    draw: (endpoint, to) =>
      book.draw((fault, chosen) => {
        if (fault.endpoint !== undefined && fault.endpoint !== endpoint) return false
        return chosen === undefined || (to !== null && chosen.has(to))
      }),
  }
}
