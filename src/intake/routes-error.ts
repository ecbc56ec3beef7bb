import { faultList } from '../fault-list.ts'
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
    super(faultList('the routes', faults.map(formatFault)))
    this.faults = faults
    this.sound = sound
  }
}
