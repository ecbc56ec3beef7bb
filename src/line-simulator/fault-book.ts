import type { Endpoint } from './endpoint.ts'
import { type Fault, type FaultSpec, faultSpec } from './fault.ts'

export interface ListedFault {
  readonly id: number
  readonly fault: Fault
  /** How often it has happened. */
  readonly happened: number
  /** How often it still will; null without a count. */
  readonly remaining: number | null
}

export interface FaultBook {
  /** Throws a ZodError when the fault makes no sense. */
  add(spec: FaultSpec): ListedFault
  /** The fault that befalls this request, if any: of those that match, the first in order of adding. Counts it. */
  draw(endpoint: Endpoint, to: string | null): { readonly id: number; readonly fault: Fault } | undefined
  /** Spent ones included. */
  list(): ListedFault[]
  clear(): void
}

interface Open {
  readonly id: number
  readonly fault: Fault
  readonly to: ReadonlySet<string> | undefined
  readonly random: () => number
  happened: number
}

export const openFaultBook = (): FaultBook => {
  let lastId = 0
  let open: Open[] = []
  let spent: Open[] = []

  return {
    add: (spec) => {
      const fault = faultSpec.parse(spec)
      lastId += 1
      const to = fault.to === undefined ? undefined : new Set(typeof fault.to === 'string' ? [fault.to] : fault.to)
      const entry: Open = { id: lastId, fault, to, random: mulberry32(fault.seed ?? 1), happened: 0 }
      open.push(entry)
      return listed(entry)
    },
    draw: (endpoint, to) => {
      const entry = open.find((candidate) => befalls(candidate, endpoint, to))
      if (!entry) return undefined
      entry.happened += 1
      if (entry.happened === entry.fault.count) {
        open = open.filter((other) => other !== entry)
        spent.push(entry)
      }
      return entry
    },
    list: () => [...spent, ...open].map(listed).sort((a, b) => a.id - b.id),
    clear: () => {
      open = []
      spent = []
    },
  }
}

const befalls = ({ fault, to: chosen, random }: Open, endpoint: Endpoint, to: string | null): boolean => {
  if (fault.endpoint !== undefined && fault.endpoint !== endpoint) return false
  if (chosen && (to === null || !chosen.has(to))) return false
  return fault.probability === undefined || random() < fault.probability
}

const listed = ({ id, fault, happened }: Open): ListedFault => ({
  id,
  fault,
  happened,
  remaining: fault.count === undefined ? null : fault.count - happened,
})

/** A small generator of good enough numbers in [0, 1) that can be seeded, which Math.random cannot. */
const mulberry32 = (seed: number): (() => number) => {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
