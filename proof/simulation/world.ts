import { parseDeliveryTag } from '../../src/domain/delivery-tag.ts'
import type { Feedback } from '../../src/domain/input.ts'
import type { Policy } from '../../src/domain/moment.ts'
import { createSealer } from '../../src/domain/seal.ts'
import type { InputTopic } from '../../src/kafka/dispatch-group.ts'
import { createLine } from '../../test/unit/simulation-line.ts'
import type { History } from '../verifier/history.ts'
import type { Build } from './build.ts'
import { createChance } from './chance.ts'
import { createFleet } from './fleet.ts'
import { createGroupCoordinator } from './group-coordinator.ts'
import { createHistorian } from './historian.ts'
import { createIntake, SUBJECTS } from './intake.ts'
import { createLineEndpoint } from './line-endpoint.ts'
import { createModelLog } from './log/model-log.ts'
import type { Deed, Scenario } from './scenario.ts'
import { LANES, type Settings } from './settings.ts'
import { createTime } from './time.ts'
import { createTroubles } from './trouble.ts'
import type { Surroundings } from './worker.ts'

/** An installation: workers, their machines, Kafka and LINE, in a time of its own. */
export interface World {
  /** What happens from outside. */
  perform(deed: Deed): void
  /** Nothing more goes wrong from now on. */
  calm(): void
  runTo(elapsed: number, isOver?: () => boolean): Promise<void>
  elapsed(): number
  /** Hours go by; whoever listens to LINE says so. */
  oversleep(ms: number): void
  /** Everything that was asked has ended, and all that was written has been read. */
  isSettled(): boolean
  history(): History
}

const HEARTBEAT_MS = 1_000
/** Who dies at an await. */
const BACK_IN_MS = 1_000
/** When nothing happens any more, it is looked after more rarely. */
const RARELY = 60
const RATE_OF_A_TASK = 5
/** Of two lanes: what left within the deadline, what a bucket and the gate hold, and what is looked ahead for. */
const MOST_PER_KILLED_TASK = 2 * (RATE_OF_A_TASK * 2 + 4 + 2 + 1)

export const createWorld = (scenario: Scenario, build: Build): World => {
  const { partitions, startAt } = scenario
  const time = createTime(startAt)
  const chance = createChance(scenario.seed)
  const settings: Settings = {
    partitions,
    workers: scenario.workers,
    // Each task loses a burst of 4, and 1 for who takes over.
    limit: (RATE_OF_A_TASK + 5) * partitions,
    lanes: LANES,
    awaitsReceipts: scenario.awaitsReceipts,
  }
  const sealer = createSealer([new Uint8Array(32).fill(1)])
  const log = createModelLog({
    partitions,
    clock: { now: time.now, monotonic: time.elapsed },
    coordinator: build.createCoordinator(time.now),
  })
  /** Nothing happens any more, and is looked after more rarely. */
  let pace = 1
  const coordinator = createGroupCoordinator({ time, slowness: () => pace })
  const garbage = new Set<string>()
  const historian = createHistorian({ time, log, settings, garbage, mostPerKilledTask: MOST_PER_KILLED_TASK })
  const { witness } = historian
  const fleet = createFleet({ size: scenario.workers, aheadMs: scenario.ahead, around: () => around, historian })
  const { workers } = fleet

  const everywhere = (does: (partition: number) => void) => {
    for (let partition = 0; partition < partitions; partition++) does(partition)
  }
  const lookAll = () => {
    for (const { process, member } of workers.values()) if (process.alive) member.look()
  }
  /** Where the inputs end, by partition. */
  const ends = { requests: new Array<number>(partitions).fill(0), feedback: new Array<number>(partitions).fill(0) }
  const feed = (partition: number, feedback: Feedback) => {
    ends.feedback[partition] = log.append('feedback', partition, feedback) + 1
    lookAll()
  }
  const intake = createIntake({
    now: time.now,
    startAt,
    partitions,
    seal: sealer.seal,
    write: (partition, request) => {
      ends.requests[partition] = log.append('requests', partition, request) + 1
      lookAll()
    },
    ends: () => [...ends.requests],
  })
  const news = createLine({
    now: time.now,
    write: (each) => {
      if (each.kind !== 'receipt') return everywhere((partition) => feed(partition, each))
      const tag = parseDeliveryTag(each.deliveryTag)
      if (tag) feed(tag.partition, each)
    },
  })
  const line = createLineEndpoint({
    time,
    chance,
    answersWithinMs: scenario.answersWithinMs,
    fateOf: (position) => intake.sketchAt(position)?.fate ?? 'delivered',
    onTaken: (deliveryTag, position) => {
      const sketch = intake.sketchAt(position)
      if (sketch?.fate !== 'delivered') return
      const channel = (LANES[sketch.lane % LANES.length] ?? '').split('/')[0] ?? ''
      if (!scenario.awaitsReceipts.includes(channel)) return
      const { receiptAfterMs: saidAfter, receiptTwiceMs: twiceAfter } = sketch
      news.take({ deliveryTag, channel }, { seenAfter: 0, saidAfter, twiceAfter, againAfter: 60_000 })
      waitForNews()
    },
  })
  const waitForNews = () => {
    news.hear()
    const at = news.nextAt()
    if (Number.isFinite(at)) time.after(at - time.now(), news.hear)
  }

  const policy: Policy = {
    progress: true,
    cost: () => null,
    isOptedOut: () => false,
    mayReach: () => true,
    isShadow: () => false,
    wantsReview: () => false,
    spacingMs: 0,
    perDay: Number.POSITIVE_INFINITY,
    awaitsReceipt: (channel) => scenario.awaitsReceipts.includes(channel),
    probeEveryMs: () => 5_000,
  }
  const troubles = createTroubles((worker, trouble) => {
    historian.troubled(worker, trouble)
    if (trouble.what === 'kill') fleet.died(worker, BACK_IN_MS)
  })
  const around: Surroundings = {
    build,
    time,
    chance,
    settings,
    log,
    coordinator,
    line,
    troubles,
    policy,
    open: sealer.open,
    heartbeatMs: () => HEARTBEAT_MS * pace,
    feed,
    endOf: (topic, partition) => ends[topic][partition] ?? 0,
    isGarbage: (topic, partition, offset) => garbage.has(`${topic}/${partition}/${offset}`),
    witness,
  }

  const nth = (number: number) => number % scenario.workers

  fleet.start()
  for (const which of scenario.listening) news.wake(which, CHANNELS)

  const perform = (deed: Deed): void => {
    switch (deed.do) {
      case 'ask': {
        for (let number = deed.pick; number < deed.pick + deed.count; number++) {
          const sketch = scenario.sketches[number % scenario.sketches.length]
          if (sketch) intake.ask(sketch, number % scenario.sketches.length)
        }
        return
      }
      case 'cancel':
        return intake.cancel(SUBJECTS[deed.subject % SUBJECTS.length] ?? '', time.now() - deed.agoMs)
      case 'order':
        return intake.order(deed.channel, deed.order)
      case 'weather':
        return line.expect(deed.weather, deed.count)
      case 'trouble':
        return troubles.arm({ ...deed, worker: deed.worker === null ? null : nth(deed.worker) })
      case 'freeze':
        historian.troubled(nth(deed.worker), { what: 'freeze', ms: deed.ms })
        return workers.get(nth(deed.worker))?.process.freeze(deed.ms, deed.asleep)
      case 'kill':
        return fleet.kill(nth(deed.worker), deed.backInMs, deed.disk)
      case 'stop':
        return fleet.stop(nth(deed.worker), deed.backInMs)
      case 'jump':
        historian.troubled(null, { what: 'wait', ms: Math.abs(deed.ms) })
        return workers.get(nth(deed.worker))?.process.jump(deed.ms)
      case 'cut-off':
        historian.troubled(nth(deed.worker), { what: 'wait', ms: deed.ms })
        return workers.get(nth(deed.worker))?.member.cutOff(deed.ms)
      case 'again': {
        const all = Array.from({ length: partitions }, (_, partition) =>
          log.inputsOf('feedback', partition).map(({ value }) => ({ partition, value })),
        ).flat()
        const one = all[deed.pick % Math.max(1, all.length)]
        return one && feed(one.partition, one.value)
      }
      case 'wake':
        news.wake(deed.webhook, CHANNELS)
        return waitForNews()
      case 'fall':
        return news.fall(deed.webhook, deed.way)
      case 'doubt':
        return news.doubt(deed.webhook, deed.ms)
      case 'beat':
        return news.tick(0)
      case 'compact':
        return everywhere((partition) => log.compact(partition))
      case 'garbage':
        return dirty(deed.topic, deed.partition % partitions)
    }
  }

  const dirty = (topic: InputTopic, partition: number) => {
    const offset =
      topic === 'requests'
        ? log.append(topic, partition, { kind: 'channel', channel: 'elsewhere', order: 'resume' })
        : log.append(topic, partition, { kind: 'barrier', epoch: -1, at: 0 })
    ends[topic][partition] = offset + 1
    garbage.add(`${topic}/${partition}/${offset}`)
    lookAll()
  }

  const isSettled = () => {
    const open = [...workers.values()].filter(({ process }) => process.alive)
    if (workers.size < scenario.workers || open.some(({ opening }) => opening() > 0) || Number.isFinite(news.nextAt()))
      return false
    const tasks = open.flatMap((worker) => [...worker.tasks()])
    return (
      tasks.length === partitions &&
      tasks.every((task) => {
        const { queued, sending, unknown, accepted } = task.count()
        const { requests, feedback } = task.committed()
        return (
          queued + sending + unknown + accepted === 0 &&
          requests === ends.requests[task.partition] &&
          feedback === ends.feedback[task.partition]
        )
      })
    )
  }

  return {
    perform,
    runTo: time.runTo,
    elapsed: time.elapsed,
    isSettled,
    calm: () => {
      historian.calm()
      troubles.clear()
      line.clear()
      fleet.gather()
      for (const channel of CHANNELS) intake.order(channel, 'resume')
      for (const which of [0, 1]) {
        news.fall(which, 'in-order')
        if (scenario.listeningAtLast.includes(which)) news.wake(which, CHANNELS)
      }
      waitForNews()
    },
    oversleep: (ms) => {
      pace = RARELY
      time.oversleep(ms)
      waitForNews()
      news.tick(0)
    },
    history: () =>
      historian.history({
        asked: intake.asked,
        orders: intake.orders,
        intakePositions: intake.positions,
        departures: line.departures,
        posts: line.posts,
      }),
  }
}

const CHANNELS = ['main', 'other'] as const
