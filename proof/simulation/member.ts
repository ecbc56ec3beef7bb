import type { Input } from '../../src/domain/input.ts'
import type { Claims } from '../../src/kafka/co-partition-assigner.ts'
import type { InputTopic } from '../../src/kafka/dispatch-group.ts'
import type { Chance } from './chance.ts'
import { type GroupCoordinator, GroupError } from './group-coordinator.ts'
import type { Process } from './process.ts'
import type { Point, Trouble } from './trouble.ts'

export type RecordInput = Exclude<Input, { kind: 'outcome' }>

/** A worker's membership of the group, and its fetching: what src/kafka/dispatch-group.ts and kafkajs under it do. */
export interface Member {
  start(partition: number, from: { readonly requests: number; readonly feedback: number }): void
  hold(partition: number): void
  resume(partition: number): void
  /** Something was written that it may want. */
  look(): void
  /** It does not reach the coordinator for so long; everybody else it does. */
  cutOff(ms: number): void
  leave(): Promise<void>
}

/** Where it reads on, by topic. */
interface Flow {
  requests: number
  feedback: number
  held: boolean
  /** It is to read elsewhere from the next fetch on: what is under way is of no use. */
  sought: boolean
}

const TOPICS: readonly InputTopic[] = ['requests', 'feedback']
const REQUEST_TIMEOUT_MS = 3_000
const RETRY_MS = 300

export const joinGroup = (options: {
  readonly process: Process
  readonly coordinator: GroupCoordinator
  readonly chance: Chance
  readonly partitions: number
  readonly heartbeatMs: () => number
  readonly shareOut: (partitions: number, members: readonly Claims[]) => ReadonlyMap<string, number[]>
  readonly meet: (at: Point) => Promise<Trouble | undefined>
  readonly endOf: (topic: InputTopic, partition: number) => number
  readonly read: (topic: InputTopic, partition: number, from: number, most: number) => readonly RecordInput[]
  readonly claims: () => ReadonlyMap<number, number>
  readonly onAssigned: (partitions: readonly number[]) => void
  readonly onHeartbeat: () => void
  readonly onInput: (partition: number, input: RecordInput) => boolean
}): Member => {
  const { process, coordinator, chance } = options
  const { name } = process
  const flows = new Map<number, Flow>()
  let id: string | null = null
  /** Of the generation that it takes itself for a member of; undefined while it joins: nothing is fetched then. */
  let generation: number | undefined
  let fetching = false
  let leaving = false
  let cutOffUntil = 0

  const onTheWay = (what: string, most: number) => process.wait(1 + chance.below(`${name} ${what}`, most))

  const call = async <T>(point: Point, ask: () => Promise<T>): Promise<T> => {
    await onTheWay(point, 10)
    const trouble = await options.meet(point)
    if (trouble?.what === 'throw' || process.clock.monotonic() < cutOffUntil) {
      await process.wait(REQUEST_TIMEOUT_MS)
      throw new Error('no answer from the coordinator')
    }
    const answer = await process.hear(ask())
    await onTheWay(point, 10)
    return answer
  }

  const beMember = async (): Promise<void> => {
    const claims = options.claims()
    const joined = await call('join', () => coordinator.join(id, claims))
    id = joined.member
    const shares = joined.members && options.shareOut(options.partitions, joined.members)
    const { member, generation: of } = joined
    const mine = await call('sync', () => coordinator.sync(member, of, shares))
    for (const partition of flows.keys()) if (!mine.includes(partition)) flows.delete(partition)
    for (const partition of mine) flowOf(partition).held = true
    generation = of
    options.onAssigned(mine)
    while (!leaving) {
      await process.wait(options.heartbeatMs())
      await call('heartbeat', () => coordinator.heartbeat(member, of))
      options.onHeartbeat()
    }
  }

  const run = async () => {
    while (!leaving) {
      try {
        await beMember()
      } catch (error) {
        generation = undefined
        if (error instanceof GroupError && error.code === 'UNKNOWN_MEMBER_ID') id = null
        else if (!(error instanceof GroupError)) await process.wait(RETRY_MS)
      }
    }
  }

  const flowOf = (partition: number): Flow => {
    const flow = flows.get(partition) ?? { requests: 0, feedback: 0, held: true, sought: false }
    flows.set(partition, flow)
    return flow
  }

  const isBehind = () =>
    [...flows].some(([partition, flow]) => !flow.held && TOPICS.some((topic) => flow[topic] < options.endOf(topic, partition)))

  const pending = (most: number) =>
    [...flows]
      .filter(([, { held }]) => !held)
      .flatMap(([partition, flow]) =>
        TOPICS.filter((topic) => flow[topic] < options.endOf(topic, partition)).map((topic) => ({
          partition,
          topic,
          inputs: options.read(topic, partition, flow[topic], most),
        })),
      )

  /** One answer at a time; what is paused or read elsewhere by the time it comes is dropped, as kafkajs does. */
  const fetch = async () => {
    await onTheWay('fetch', 20)
    await options.meet('fetch')
    const of = generation
    for (const flow of flows.values()) if (!flow.held) flow.sought = false
    const batches = pending(1 + chance.below(`${name} batch`, 50))
    await onTheWay('fetched', 20)
    if (of !== generation || of === undefined) return
    const live = batches.filter(({ partition }) => {
      const flow = flows.get(partition)
      return flow && !flow.held && !flow.sought
    })
    for (const { partition, topic, inputs } of live) {
      for (const input of inputs) if (!options.onInput(partition, input)) break
      const flow = flows.get(partition)
      if (flow && !flow.sought) flow[topic] = (inputs.at(-1)?.offset ?? 0) + 1
    }
  }

  const look = () => {
    if (fetching || generation === undefined || leaving || !isBehind()) return
    fetching = true
    void fetch().then(() => {
      fetching = false
      look()
    })
  }

  void run()
  return {
    start: (partition, from) => {
      Object.assign(flowOf(partition), { ...from, held: false, sought: true })
      look()
    },
    hold: (partition) => {
      flowOf(partition).held = true
    },
    resume: (partition) => {
      flowOf(partition).held = false
      look()
    },
    look,
    cutOff: (ms) => {
      cutOffUntil = process.clock.monotonic() + ms
    },
    leave: async () => {
      leaving = true
      generation = undefined
      await onTheWay('leave', 10)
      if (id !== null) coordinator.leave(id)
    },
  }
}
