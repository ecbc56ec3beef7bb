import { type Lane, laneOf } from '../../src/domain/entry.ts'

/** How the installation of a world is set up. */
export interface Settings {
  readonly partitions: number
  readonly workers: number
  /** Per second, of each lane. */
  readonly limit: number
  readonly lanes: readonly Lane[]
  /** Channels on which LINE's delivery events are awaited. */
  readonly awaitsReceipts: readonly string[]
}

export const LANES: readonly Lane[] = [
  laneOf({ channel: 'main', endpoint: 'template' }),
  laneOf({ channel: 'other', endpoint: 'flexible' }),
]
