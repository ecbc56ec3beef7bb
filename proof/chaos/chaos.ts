import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { systemClock } from '../../src/clock.ts'
import type { History, Quiet, Settings } from '../verifier/history.ts'
import { verify } from '../verifier/verify.ts'
import { type Acts, performAll } from './acts.ts'
import { openControl } from './control.ts'
import { keepCopies } from './faults/stores.ts'
import { READY_WITHIN_MS } from './faults/workers.ts'
import { type Fleet, openFleet } from './fleet.ts'
import { openInputs } from './inputs/inputs.ts'
import { HOME } from './inputs/routes.ts'
import { CHANNELS, type Installation, openInstallation, PARTITIONS, WEBHOOK_PATH } from './installation.ts'
import { lineFaultsAt } from './line-faults.ts'
import { ownershipsOf } from './ownership.ts'
import { type Report, reportOf } from './report.ts'
import { type Act, type Schedule, scheduleOf, WORKERS } from './schedule.ts'
import { withAnswersSeen, withCommitTimes } from './told-by-workers.ts'
import { openWebhookFront } from './webhook-front.ts'
import { openWitness, type WitnessCounts } from './witness/witness.ts'
import type { World } from './world.ts'

export interface ChaosOptions {
  readonly minutes: number
  readonly seed: number
  readonly notifications: number
  /** Requests per second, of each channel and endpoint. */
  readonly limit: number
  /** Keeps logs and history, also when every promise was kept. */
  readonly keep: boolean
}

export interface Around {
  readonly say: (line: string) => void
  /** Aborted when the run is given up. */
  readonly signal: AbortSignal
  /** Ends whatever was started, the last first. */
  readonly cleanUp: AsyncDisposableStack
}

/** One more place than there are workers: a fourth comes and goes. */
const PLACES = WORKERS + 1
/** Until the workers that know the quiet hours are there. */
const START_MS = 12_000
/** A copy of every disk, as it is before anything goes wrong, is taken so long before that. */
const COPIES_BEFORE_MS = 2_000
const PROGRESS_EVERY_MS = 5_000
/** Beyond the time of the run: what is slow is to be told from what never comes. */
const PATIENCE_MS = 120_000

export const runChaos = async (options: ChaosOptions, around: Around): Promise<Report> => {
  const { say, signal, cleanUp } = around
  const { now } = systemClock
  const schedule = scheduleOf(options.seed, options.minutes)
  const directory = await mkdtemp(join(tmpdir(), 'tsuchi-chaos-'))
  const witnessed = join(directory, 'witnessed')
  await mkdir(witnessed)
  const isKept = { value: options.keep }
  cleanUp.defer(async () => {
    if (!isKept.value) await rm(directory, { recursive: true, force: true })
  })

  const at = await openInstallation({
    ...{ directory, limit: options.limit, remembers: options.notifications * 4 + 50_000, say, signal, cleanUp },
    quiet: quietOf(now(), schedule),
  })
  const happened = new Map<string, number>()
  const control = await openControl({
    path: join(directory, 'control'),
    onHappened: (_worker, what) => happened.set(what, (happened.get(what) ?? 0) + 1),
    cleanUp,
  })
  const fleet = openFleet({ places: PLACES, directory, witnessed, ...at, control, now, say, cleanUp })
  const front = await openWebhookFront({ path: WEBHOOK_PATH, workers: fleet.running, now, cleanUp })
  await at.setWebhook(front.url)
  const produced = { kafka: at.kafka('events'), registryUrl: at.stack.registryUrl, topicOf: at.topicOf }
  const inputs = await openInputs({ ...produced, ...options, now, cleanUp })
  const startsAt = Math.ceil((now() + START_MS) / 1_000) * 1_000
  const quiet = quietOf(startsAt, schedule)
  await at.setQuiet(quiet)
  const witness = await openWitness({
    ...{ kafka: at.kafka('witness'), registryUrl: at.stack.registryUrl, names: at.names, topicOf: at.topicOf, quiet },
    ...{ lineUrl: at.line.url, lineChannels: CHANNEL_OF, intakeGroup: `${at.group}-intake`, directory: witnessed },
    ...{ settings: settingsOf(options), canaries: inputs.canaries, now, cleanUp },
  })
  isKept.value = true // whatever ends the run now, what the workers said of it is wanted
  say(`starting ${WORKERS} workers`)
  const workers = Array.from({ length: WORKERS }, (_, n) => fleet.start(n + 1))
  await Promise.all(workers.map((worker) => worker.untilReady(READY_WITHIN_MS)))
  await pauseFor(startsAt - now(), signal)

  const world: World = {
    ...{ stack: at.stack, kafka: at.kafka('faults'), fleet, registry: at.registry, lineWay: at.line.way },
    ...{ dispatchGroup: `${at.group}-dispatch`, requestsTopic: at.names.requests, fanOut: inputs.fanOut, now },
    lineFaults: lineFaultsAt(at.line.url),
    quietFrom: startsAt + schedule.quietFrom,
    happened: (what) => happened.get(what) ?? 0,
    pause: (ms) => pauseFor(ms, signal),
  }
  const { possible, impossible } = possibleOn(at, schedule)
  for (const kind of impossible) say(`${kind} is left out: the process is not ours on this stack`)
  const producing = inputs.produce(schedule.producedBy, signal)
  producing.catch(() => {}) // told when it is waited for
  await pauseFor(startsAt + schedule.faultsFrom - COPIES_BEFORE_MS - now(), signal)
  if (possible.some((act) => act.kind === 'store' && act.damage === 'earlier')) await keepCopies(fleet)
  const acts = performAll(possible, { world, startsAt, say })
  const telling = tell({ say, acts, fleet, schedule, startsAt, now, counts: witness.counts, progress: inputs.progress })
  cleanUp.defer(() => clearInterval(telling))
  await Promise.all([producing, acts.whenOver])

  await calm(world)
  const calmFrom = now()
  say(`calm: what is open shall end`)
  const patience = Math.max(startsAt + schedule.until, calmFrom) + PATIENCE_MS
  while (!witness.settled() && now() < patience) await pauseFor(500, signal)
  const endedAt = now()
  const unsettled = witness.settled() ? [] : witness.unsettled()
  say(
    unsettled.length === 0 ? `settled ${Math.round((endedAt - calmFrom) / 1_000)} s after the last fault` : 'it has not settled',
  )
  for (const each of unsettled) say(`  ${each}`)
  clearInterval(telling)

  const held = ownershipsOf(fleet.lives)
  const seen = await witness.finish({ ownerships: held, memory: fleet.memory, calmFrom, endedAt })
  const [journal, posts] = await Promise.all([withCommitTimes(seen.journal, witnessed), withAnswersSeen(seen.posts, witnessed)])
  const history = { ...seen, journal, posts, endedAlone: fleet.endedAlone.filter(({ hadBegun }) => hadBegun) }
  const verdict = verify(history)
  const report = reportOf({ options, verdict, held, acts: acts.done, startsAt, impossible, fleet, calmFrom, endedAt, history })
  isKept.value = options.keep || verdict.breaches.length > 0
  if (isKept.value) await keep(directory, { history, acts: acts.done })
  return { ...report, directory: isKept.value ? directory : null }
}

const CHANNEL_OF = Object.fromEntries(Object.entries(CHANNELS).map(([name, { clientId }]) => [clientId, name]))

/** On whole seconds of everybody's clock. */
const quietOf = (startsAt: number, { quietFrom, quietUntil }: Schedule): Quiet => {
  const clock = (instant: number) =>
    Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(HOME).toPlainTime().toString({ smallestUnit: 'second' })
  return { zone: HOME, from: clock(startsAt + quietFrom), until: clock(startsAt + quietUntil) }
}

const settingsOf = ({ limit, minutes }: ChaosOptions): Settings => {
  const lanes = Object.keys(CHANNELS).flatMap((channel) => [`${channel}/template`, `${channel}/flexible`])
  return {
    partitions: PARTITIONS,
    limits: Object.fromEntries(lanes.map((lane) => [lane, limit])),
    awaitsReceipts: Object.entries(CHANNELS).flatMap(([name, { receipts }]) => (receipts === 'webhook' ? [name] : [])),
    slackMs: 50,
    sendByMs: SEND_BY_MS,
    mostPerKilledTask: Math.ceil((lanes.length * limit * (SEND_BY_MS + ATTEMPT_MS)) / 1_000 / PARTITIONS) + OUTCOMES_IN_HAND,
    memory: minutes >= LONG_ENOUGH_FOR_MEMORY ? { warmUpMs: 180_000, growth: 0.25 } : null,
  }
}

/** What a task can have in hand: its share of every lane for as long as an intention and an attempt may last, and answers that wait for
 *  a commit. */
const SEND_BY_MS = 2_000
const ATTEMPT_MS = 2_000
const OUTCOMES_IN_HAND = 64
const LONG_ENOUGH_FOR_MEMORY = 8

const possibleOn = ({ stack }: Installation, { acts }: Schedule) => {
  const isPossible = ({ kind }: Act) => kind !== 'broker' || stack.restartBroker !== undefined
  return {
    possible: acts.filter(isPossible),
    impossible: [...new Set(acts.filter((act) => !isPossible(act)).map(({ kind }) => kind))],
  }
}

/** All faults have ended; as many workers as there should be are there, and ready. */
const calm = async ({ fleet, lineFaults, registry, lineWay }: World): Promise<void> => {
  await lineFaults.endAll()
  await registry.mend()
  await lineWay.mend()
  const places = Array.from({ length: WORKERS }, (_, n) => n + 1)
  await fleet.stop(PLACES)
  for (const place of places) {
    await fleet.at(place)?.thaw()
    fleet.start(place)
  }
  await Promise.all(places.map((place) => fleet.at(place)?.untilReady(READY_WITHIN_MS)))
}

const tell = (of: {
  readonly say: (line: string) => void
  readonly acts: Acts
  readonly fleet: Fleet
  readonly schedule: Schedule
  readonly startsAt: number
  readonly now: () => number
  readonly counts: () => WitnessCounts
  readonly progress: () => { readonly written: number; readonly of: number }
}): NodeJS.Timeout => {
  const { say, acts, fleet, schedule, startsAt, now } = of
  const started = startsAt
  return setInterval(() => {
    const since = now() - started
    const isQuiet = since >= schedule.quietFrom && since < schedule.quietUntil
    const { asked, ended, posts, unknown, trouble } = of.counts()
    const { written, of: all } = of.progress()
    const names = fleet.running().map(({ name, frozen }) => (frozen.at(-1)?.until === null ? `(${name})` : name))
    const faults = acts.current().map((act) => ('fault' in act ? `${act.kind} ${act.fault.kind}` : act.kind))
    say(
      `${written}/${all} written, ${asked} asked, ${ended} ended, ${asked - ended} open, ${posts} POSTs, ${unknown} unknown; ${names.join(' ') || 'no worker'}; ${faults.join(', ') || 'no fault'}${isQuiet ? '; quiet' : ''}${trouble === null ? '' : `; cannot read: ${trouble}`}`,
    )
  }, PROGRESS_EVERY_MS)
}

const compress = promisify(gzip)
const keep = async (directory: string, { history, acts }: { history: History; acts: Acts['done'] }): Promise<void> => {
  await writeFile(join(directory, 'history.json.gz'), await compress(JSON.stringify(history)))
  await writeFile(join(directory, 'acts.json'), JSON.stringify(acts, null, 2))
}

/** @throws when the run is given up. */
const pauseFor = async (ms: number, signal: AbortSignal): Promise<void> => {
  await delay(Math.max(0, ms), undefined, { signal })
}
