import type { DiskFate } from './disk.ts'
import type { LineFate, Weather } from './line-endpoint.ts'
import type { Trouble } from './trouble.ts'

/** Everything that is to happen in a world, and how it begins: plain data, so that it can be shrunk, kept, and lived again. */
export interface Scenario {
  /** Of what is left to chance: how long everything takes. 0: no longer than it must. */
  readonly seed: number
  readonly startAt: number
  readonly partitions: number
  readonly workers: number
  /** Channels on which LINE's delivery events are awaited. */
  readonly awaitsReceipts: readonly string[]
  /** Webhooks that are up when it begins, and when nothing more goes wrong. */
  readonly listening: readonly number[]
  readonly listeningAtLast: readonly number[]
  /** LINE answers within this, ms, if all is well. */
  readonly answersWithinMs: number
  /** By how much each worker's wall clock is ahead, ms. */
  readonly ahead: readonly number[]
  readonly sketches: readonly Sketch[]
  readonly deeds: readonly Timed[]
}

/** What is asked for. */
export interface Sketch {
  readonly kind: 'ready' | 'refused' | 'poison'
  readonly person: number
  /** Equal for what says the same to the same person. */
  readonly identity: number
  readonly lane: number
  readonly urgent: boolean
  readonly resend: boolean
  readonly waitMs: number
  /** From when on it is quiet, counted from the start of the world on the clock of the zone, and for how long. */
  readonly quiet: { readonly fromMs: number; readonly forMs: number } | null
  readonly expiresInMs: number | null
  readonly staleInMs: number | null
  readonly subject: number | null
  readonly revision: number | null
  readonly fate: LineFate
  /** Its receipt comes so long after LINE took it, and as much later once more. */
  readonly receiptAfterMs: number
  readonly receiptTwiceMs: number | null
}

/** `after` the one before it, ms. */
export type Timed = { readonly after: number } & Deed

export type Deed =
  /** So many of the sketches, one after the other, from one on. */
  | { readonly do: 'ask'; readonly pick: number; readonly count: number }
  | { readonly do: 'cancel'; readonly subject: number; readonly agoMs: number }
  | { readonly do: 'order'; readonly channel: string; readonly order: 'pause' | 'resume' }
  | { readonly do: 'weather'; readonly weather: Weather; readonly count: number }
  | ({ readonly do: 'trouble' } & Trouble)
  | { readonly do: 'freeze'; readonly worker: number; readonly ms: number; readonly asleep: boolean }
  | { readonly do: 'kill'; readonly worker: number; readonly backInMs: number; readonly disk: DiskFate }
  | { readonly do: 'stop'; readonly worker: number; readonly backInMs: number }
  | { readonly do: 'jump'; readonly worker: number; readonly ms: number }
  | { readonly do: 'cut-off'; readonly worker: number; readonly ms: number }
  /** A record of feedback comes once more. */
  | { readonly do: 'again'; readonly pick: number }
  | { readonly do: 'wake'; readonly webhook: number }
  | { readonly do: 'fall'; readonly webhook: number; readonly way: 'in-order' | 'crashed' }
  | { readonly do: 'doubt'; readonly webhook: number; readonly ms: number }
  | { readonly do: 'beat' }
  | { readonly do: 'compact' }
  /** Somebody else writes to our topic. */
  | { readonly do: 'garbage'; readonly topic: 'requests' | 'feedback'; readonly partition: number }

/** How many there are to write to. */
export const PEOPLE = 40
