import type { Fleet } from '../fleet.ts'
import { WORKERS } from '../schedule.ts'
import type { Worker } from '../worker.ts'
import type { Effect, World } from '../world.ts'
import type { DeedOf } from './perform.ts'

/** @throws when nobody is there. */
export const whoIs = (fleet: Fleet, place: number): { readonly place: number; readonly worker: Worker } => {
  const living = fleet.livingFrom(place)
  const worker = living === undefined ? undefined : fleet.at(living)
  if (living === undefined || !worker) throw new Error('no worker is there to do it to')
  return { place: living, worker }
}

export const kill = async ({ worker: wanted, downMs }: DeedOf<'kill'>, { fleet, pause }: World): Promise<Effect> => {
  const { place, worker } = whoIs(fleet, wanted)
  await fleet.kill(place)
  await pause(downMs)
  const next = fleet.start(place)
  return `${worker.name} killed, ${next.name} after ${downMs} ms`
}

export const freeze = async ({ worker: wanted, ms }: DeedOf<'freeze'>, { fleet, pause }: World): Promise<Effect> => {
  const { worker } = whoIs(fleet, wanted)
  await worker.freeze()
  await pause(ms)
  await worker.thaw()
  return `${worker.name} stood still for ${ms} ms`
}

/** What is about to leave waits for its connection as the process stops, and wakes when hours have long been quiet. */
export const freezeIntoQuiet = async (
  { worker: wanted, ms, connectMs }: DeedOf<'freeze-into-quiet'>,
  { fleet, pause, now, quietFrom, lineWay, happened }: World,
): Promise<Effect> => {
  const { worker } = whoIs(fleet, wanted)
  const slowBefore = happened('slow-connect')
  await worker.tell({ kind: 'slow-connects', port: portOf(lineWay.address), ms: connectMs, forMs: ms + 10_000 })
  await pause(Math.max(0, quietFrom - FROZEN_BEFORE_MS - now()))
  const slow = happened('slow-connect') - slowBefore
  const from = now()
  await worker.freeze()
  await pause(ms)
  await worker.thaw()
  return `${worker.name} stood still from ${from - quietFrom} ms to ${now() - quietFrom} ms of the quiet hours, ${slow} slow connections before`
}

const FROZEN_BEFORE_MS = 400
const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(':') + 1))

export const restart = async ({ worker: wanted }: DeedOf<'restart'>, { fleet, now }: World): Promise<Effect> => {
  const { place, worker } = whoIs(fleet, wanted)
  const from = now()
  const ended = await fleet.stop(place)
  const took = now() - from
  const next = fleet.start(place)
  await next.untilReady(READY_WITHIN_MS)
  return `${worker.name} ${ended?.how === 'stopped' ? 'stopped in order' : `did not stop in order (${ended?.status})`} in ${took} ms, ${next.name} is there`
}

export const READY_WITHIN_MS = 20_000

export const scale = async ({ to, holdMs }: DeedOf<'scale'>, { fleet, pause }: World): Promise<Effect> => {
  for (const count of to) {
    const places = Array.from({ length: fleet.places }, (_, n) => n + 1)
    const living = places.filter((place) => fleet.at(place))
    await Promise.all(living.slice(count).map((place) => fleet.stop(place)))
    const missing = places.filter((place) => !living.includes(place)).slice(0, Math.max(0, count - living.length))
    const started = missing.map((place) => fleet.start(place))
    await Promise.all(started.map((worker) => worker.untilReady(READY_WITHIN_MS)))
    await pause(holdMs)
  }
  return `${[WORKERS, ...to].join(' → ')} workers`
}
