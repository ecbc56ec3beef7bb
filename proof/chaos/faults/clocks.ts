import type { Effect, World } from '../world.ts'
import type { DeedOf } from './perform.ts'
import { whoIs } from './workers.ts'

export const jumpClock = async ({ worker: wanted, aheadMs, ms }: DeedOf<'clock'>, { fleet, pause }: World): Promise<Effect> => {
  const { worker } = whoIs(fleet, wanted)
  await worker.tell({ kind: 'clock', aheadMs })
  await pause(ms)
  await worker.tell({ kind: 'clock', aheadMs: 0 })
  const minutes = Math.abs(aheadMs / 60_000).toFixed(1)
  return `${worker.name}'s clock was ${minutes} min ${aheadMs > 0 ? 'ahead' : 'behind'} for ${ms} ms`
}

/** As when a virtual machine is moved: its wall clock is right afterwards, and for the monotonic one no time has passed. */
export const pauseMachine = async (
  { worker: wanted, ms }: DeedOf<'machine-pause'>,
  { fleet, pause, happened }: World,
): Promise<Effect> => {
  const { worker } = whoIs(fleet, wanted)
  const before = happened('machine-pause')
  await worker.tell({ kind: 'machine-pauses', forMs: ms })
  await worker.freeze()
  await pause(ms)
  await worker.thaw()
  await pause(NOTICED_WITHIN_MS)
  return `${worker.name}'s machine was paused for ${ms} ms${happened('machine-pause') > before ? '' : ', which it did not notice'}`
}

const NOTICED_WITHIN_MS = 500
