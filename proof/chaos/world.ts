import type { Kafka } from 'kafkajs'
import type { CuttableProxy } from '../../dev/cuttable-proxy.ts'
import type { Stack } from '../../dev/stack.ts'
import type { Fleet } from './fleet.ts'
import type { LineFaults } from './line-faults.ts'

/** All that a fault can take hold of. */
export interface World {
  readonly stack: Stack
  readonly kafka: Kafka
  readonly fleet: Fleet
  /** What workers reach the schema registry by, and LINE. */
  readonly registry: CuttableProxy
  readonly lineWay: CuttableProxy
  readonly lineFaults: LineFaults
  readonly dispatchGroup: string
  readonly requestsTopic: string
  /** One outage event for thousands, now. */
  readonly fanOut: () => Promise<void>
  /** When the quiet window opens, ms since the epoch. */
  readonly quietFrom: number
  /** How often what is preloaded into workers has said that something came about. */
  readonly happened: (what: string) => number
  readonly now: () => number
  /** Rejects when the run is given up. */
  readonly pause: (ms: number) => Promise<void>
}

/** What a fault was seen to do, in a few words. */
export type Effect = string
