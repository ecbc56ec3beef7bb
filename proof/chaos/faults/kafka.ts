import type { Admin, Kafka } from 'kafkajs'
import type { Effect, World } from '../world.ts'
import type { DeedOf } from './perform.ts'
import { READY_WITHIN_MS, whoIs } from './workers.ts'

/** The group is empty only while nobody runs. Where to go on is in the journal, so nothing may come of it. */
export const loseGroupOffsets = async ({ fleet, kafka, dispatchGroup, pause }: World): Promise<Effect> => {
  const places = Array.from({ length: fleet.places }, (_, n) => n + 1).filter((place) => fleet.at(place))
  await Promise.all(places.map((place) => fleet.stop(place)))
  const tries = await withAdmin(kafka, async (admin) => {
    for (let tried = 1; ; tried++) {
      const fault = await admin.deleteGroups([dispatchGroup]).then(
        () => undefined,
        (error: Error) => error,
      )
      if (!fault) return tried
      if (tried === MOST_TRIES) throw fault
      await pause(TRY_EVERY_MS)
    }
  }).finally(() => {
    for (const place of places) fleet.start(place)
  })
  await Promise.all(places.map((place) => fleet.at(place)?.untilReady(READY_WITHIN_MS)))
  return `all workers stopped, ${dispatchGroup} deleted${tries === 1 ? '' : ` in ${tries} attempts`}, all started`
}

const MOST_TRIES = 30
const TRY_EVERY_MS = 500

/** Its answer to the leader's assignment comes late in the rebalance that another's restart brings about. */
export const slowSync = async (
  { worker: wanted, other, ms }: DeedOf<'slow-sync'>,
  { fleet, happened }: World,
): Promise<Effect> => {
  const { worker } = whoIs(fleet, wanted)
  const { place } = whoIs(fleet, other)
  const before = happened('slow-sync')
  await worker.tell({ kind: 'slow-sync', ms })
  await fleet.stop(place)
  const next = fleet.start(place)
  await next.untilReady(READY_WITHIN_MS)
  return `${worker.name} ${happened('slow-sync') > before ? `was ${ms} ms late` : 'was not asked'} in a rebalance by ${next.name}`
}

/** Every intake is killed as requests of the event begin to be there. */
export const fanOutAndKill = async (
  { downMs }: DeedOf<'fan-out'>,
  { fleet, kafka, requestsTopic, fanOut, pause, now }: World,
): Promise<Effect> =>
  withAdmin(kafka, async (admin) => {
    const written = async () => (await admin.fetchTopicOffsets(requestsTopic)).reduce((sum, { high }) => sum + Number(high), 0)
    const before = await written()
    await fanOut()
    const until = now() + SEEN_WITHIN_MS
    let there = before
    while (there < before + ENOUGH && now() < until) {
      there = await written()
      await pause(WATCH_EVERY_MS)
    }
    const places = Array.from({ length: fleet.places }, (_, n) => n + 1).filter((place) => fleet.at(place))
    await Promise.all(places.map((place) => fleet.kill(place)))
    await pause(downMs)
    for (const place of places) fleet.start(place)
    await Promise.all(places.map((place) => fleet.at(place)?.untilReady(READY_WITHIN_MS)))
    return `${places.length} workers killed as ${there - before} requests were there, ${downMs} ms down`
  })

/** More than what comes of anything else in that time. */
const ENOUGH = 600
const SEEN_WITHIN_MS = 8_000
const WATCH_EVERY_MS = 10

const withAdmin = async <T>(kafka: Kafka, use: (admin: Admin) => Promise<T>): Promise<T> => {
  const admin = kafka.admin()
  await admin.connect()
  try {
    return await use(admin)
  } finally {
    await admin.disconnect()
  }
}
