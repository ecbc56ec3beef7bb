import type { Route } from './route.ts'
import { type Fault, formatFault } from './route-fault.ts'

/** Every fault of every route file at once. */
export class RoutesError extends Error {
  override readonly name = 'RoutesError'
  readonly code = 'faulty-routes'
  readonly faults: readonly Fault[]
  /** Routes without a fault of their own, for whoever wants to look further. */
  readonly sound: readonly Route[]

  constructor(faults: readonly Fault[], sound: readonly Route[] = []) {
    const told = faults.slice(0, MOST_TOLD).map(formatFault)
    const more = faults.length > MOST_TOLD ? [`and ${faults.length - MOST_TOLD} more`] : []
    super([`${faults.length} fault${faults.length === 1 ? '' : 's'} in the routes:`, ...told, ...more].join('\n'))
    this.faults = faults
    this.sound = sound
  }
}

/** Nobody mends more of them at a time. */
const MOST_TOLD = 100
