import type { Clock, Timers } from '../clock.ts'
import { type Changes, type Intention, SEND_BY_MS } from '../domain/changes.ts'
import type { Coverage } from '../domain/coverage.ts'
import type { Input, OutcomeReport } from '../domain/input.ts'
import type { Moment, Owner, Policy } from '../domain/moment.ts'
import { NOT_STARTED } from '../domain/outcome.ts'
import type { Pause } from '../domain/pause.ts'
import { isStillWanted, waitsForPermit } from '../domain/release.ts'
import type { Store, TaskPosition } from '../domain/state.ts'
import { nextStepAt, step } from '../domain/step.ts'
import { createInbox } from './inbox.ts'
import { restore } from './restore.ts'
import type { Sender } from './sender.ts'
import { LOOK_UP_EVERY_MS, watchForStandStill } from './stand-still.ts'
import { endsOf, resumeAt, type TaskJournal } from './task-journal.ts'

/** Inputs of one step: a transaction of some hundred kilobytes. */
const MOST_INPUTS = 500
/** Outcomes wait this long for a request to share a transaction with: when little happens, transactions are the cost. */
const OUTCOMES_WAIT_MS = 40
/** Under load, everything waits this long, so that a transaction carries more. */
const LINGER_MS = 8
/** So many wait no longer. */
const ENOUGH_OUTCOMES = 64
/** What waits for permits is looked at this often, and outcomes wait for it: with 12 tasks, 240 transactions a second. */
const PERMITS_EVERY_MS = 50
/** How much of the work a killed worker leaves to its successor on this machine to read again. */
const SYNC_EVERY_MS = 5_000
/** An idle task commits this often, to show that the partition is still its own: nothing else says that its store is up to date. */
const PROVE_EVERY_MS = 3_600_000
/** Above this many inputs nothing more is fetched, neither requests nor a backlog of receipts; below the other it is again. */
const INBOX_FULL = 2_000
const INBOX_LOW = 500

/** The owner of one partition in dispatch. */
export interface Task {
  readonly partition: number
  readonly epoch: number
  /** What opening it took: the journal offset it began at, which is that of its store, and how many records it read from there. */
  readonly restored: { readonly from: number; readonly records: number }
  /** The next offsets to read. */
  wants(): TaskPosition
  /** Records below what it wants are dropped: fetched before a pause, or read again after a rejoin. */
  put(input: Exclude<Input, { kind: 'outcome' }>): void
  /** Its records flow again, whatever was paused before: after a rejoin. */
  flowing(): void
  committed(): TaskPosition
  count(): ReturnType<Store['count']>
  inFlight(): number
  pauses(): readonly Pause[]
  /** When somebody listened for LINE's events, by channel. */
  coverages(): readonly Coverage[]
  /** Present share of the full rate, by lane: less than 1 after LINE said that it was too much. */
  pace(): ReturnType<Sender['pace']>
  /** Starts nothing more, and settles what is under way; resolves when that is committed, or `withinMs` is over. */
  drain(withinMs: number): Promise<void>
  /** Lost, or done: starts nothing more. Outcomes it knows, and those still to come, go to whoever owns the partition next. */
  close(): Promise<void>
}

/** What a sender is told by its task. */
export interface SenderWiring {
  readonly stillWanted: (intention: Intention) => boolean
  readonly onReport: (report: OutcomeReport) => void
  readonly onFault: (fault: unknown) => void
}

export interface TaskOptions {
  readonly partition: number
  readonly incarnation: string
  readonly journal: TaskJournal
  readonly store: Store
  readonly policy: Policy
  readonly clock: Clock
  readonly timers: Timers
  /** The longest an attempt can take, ms. */
  readonly attemptMs: number
  readonly createSender: (wiring: SenderWiring) => Sender
  /** Both write to the partition's feedback. `handOver` must not throw. */
  readonly handOver: (reports: readonly OutcomeReport[]) => Promise<void>
  readonly writeBarrier: (epoch: number, at: number) => Promise<void>
  readonly flow: { readonly pause: () => void; readonly resume: () => void }
  readonly onRebuild: (reason: 'ahead-of-the-log') => void
  readonly onCommitted: (changes: Changes, ms: number) => void
  /** The task has ended by a fault of Kafka's or ours, and is closed. Also called when it was given up before. */
  readonly onEnded: (error: Error) => void
}

export const openTask = async (options: TaskOptions): Promise<Task> => {
  const { partition, incarnation, journal, store, clock, timers, policy } = options
  const { epoch, fencedAt, restored } = await restore(options)
  const bounds = await journal.inputs()
  const start = resumeAt(partition, store.position(), bounds)
  let readUntil = endsOf(bounds)
  let owner: Owner = { partition, incarnation, epoch, orphansFrom: fencedAt + SEND_BY_MS + options.attemptMs }

  const inbox = createInbox(clock, timers)
  const wanted = { ...start }
  let position = start
  let counter = 0
  let silentTo = 0
  let barrierUnderWay = false
  let more = false
  /** Inputs are out of the inbox and not yet in the state. */
  let stepping = false
  let steppedAt = clock.monotonic()
  let syncedAt = steppedAt
  /** Wall clock before the last thing that only the owner can do. A task that was stopped for a day does not know what it has missed. */
  let provenAt = fencedAt
  let dirty = false
  /** Wall clock of the last step: what fell due after it is still to be done. Before the first, everything. */
  let steppedNow = 0
  /** What the state says of the time until the next step, when it will next change something by itself, and whether a lane waits for a
   *  permit: found out once for each step, not with every answer that comes in. */
  let outlook: { readonly next: number; readonly held: boolean } | undefined
  const standStill = watchForStandStill(clock)
  let full = false
  let life: 'open' | 'draining' | 'closed' = 'open'

  const faulty = Promise.withResolvers<never>()
  const sender = options.createSender({
    stillWanted: (intention) => isStillWanted(store, intention, policy),
    onReport: (report) => {
      if (life === 'closed') return void options.handOver([report])
      inbox.put({ kind: 'outcome', report })
    },
    onFault: faulty.reject,
  })

  const loop = async (): Promise<void> => {
    for (;;) {
      await untilDue()
      if (life === 'closed') return
      // What came meanwhile is to be read before anything is done in time.
      if (standStill.happened()) readUntil = endsOf(await journal.inputs())
      standStill.expect(0)
      const inputs = inbox.drain(MOST_INPUTS)
      const decidedAt = clock.monotonic()
      let changes: Changes | undefined
      let next: number | undefined
      const at = moment()
      stepping = true
      try {
        flow()
        changes = step(store, inputs, at)
        if (isNews(changes) || at.now - provenAt >= PROVE_EVERY_MS) next = await journal.commit(changes)
      } catch (error) {
        await handOverUncommitted(inputs, changes?.intentions ?? [])
        throw error
      }
      if (next !== undefined) {
        store.apply(changes, next)
        provenAt = at.now
        dirty = true
      }
      sender.send(changes.intentions, decidedAt)
      stepping = false
      remember(changes, at.now)
      standStill.look()
      options.onCommitted(changes, steppedAt - decidedAt)
      sync()
      if (changes.barrierWanted && !barrierUnderWay) {
        barrierUnderWay = true
        await options.writeBarrier(epoch, clock.now())
      }
    }
  }

  const remember = (changes: Changes, now: number): void => {
    if (changes.silentTo > silentTo) barrierUnderWay = false
    ;({ position, counter, silentTo, more } = changes)
    // Only this owner makes new intentions: once nobody else's are left, none will be.
    if (!changes.orphans) owner = { ...owner, orphansFrom: Number.POSITIVE_INFINITY }
    steppedAt = clock.monotonic()
    steppedNow = now
    outlook = undefined
  }

  const moment = (): Moment => ({ now: clock.now(), owner, counter, permits: sender.permits(), silentTo, readUntil, policy })
  const isNews = ({ entries, marks, pauses, coverages, forgotten, position: to }: Changes) =>
    entries.length + marks.length + pauses.length + coverages.length + forgotten.length > 0 ||
    to.requests !== position.requests ||
    to.feedback !== position.feedback

  const untilDue = async (): Promise<void> => {
    for (let wait = waitMs(); wait > 0 && life !== 'closed'; wait = waitMs()) {
      sync()
      const within = Math.min(wait, dirty ? SYNC_EVERY_MS : LOOK_UP_EVERY_MS)
      standStill.expect(within)
      await inbox.changed(within)
      standStill.look()
    }
  }

  const sync = () => {
    const now = clock.monotonic()
    if (!dirty || now - syncedAt < SYNC_EVERY_MS) return
    store.sync(provenAt)
    syncedAt = now
    dirty = false
  }

  /** How long the next step can wait, ms; 0: not at all. */
  const waitMs = (): number => {
    if (more) return 0
    const waited = inbox.since === undefined ? 0 : clock.monotonic() - inbox.since
    const busy = sender.inFlight() > 16
    if (inbox.hasRecords) return busy && inbox.size < MOST_INPUTS ? LINGER_MS - waited : 0
    if (inbox.size >= ENOUGH_OUTCOMES || (inbox.size > 0 && life !== 'open')) return 0
    outlook ??= {
      next: nextStepAt(store, { now: steppedNow, owner }) ?? Number.POSITIVE_INFINITY,
      held: sender.lanes.some((lane) => waitsForPermit(store, lane, steppedNow)),
    }
    const due = Math.min(outlook.next, provenAt + PROVE_EVERY_MS) - clock.now()
    if (outlook.held) return Math.max(0, Math.min(due, PERMITS_EVERY_MS - (clock.monotonic() - steppedAt)))
    return Math.max(0, inbox.size > 0 ? Math.min(due, (busy ? LINGER_MS : OUTCOMES_WAIT_MS) - waited) : due)
  }

  const flow = (): void => {
    if (!full && inbox.size > INBOX_FULL) options.flow.pause()
    else if (full && inbox.size < INBOX_LOW && life === 'open') options.flow.resume()
    else return
    full = !full
  }

  /** Kafka did not say that the commit was made: it may be, or not. Whatever was learned goes to the next owner by feedback, and what
   *  was decided and never started is reported as such: if the commit was not made, nobody knows those intentions. */
  const handOverUncommitted = async (inputs: readonly Input[], intentions: readonly Intention[]): Promise<void> => {
    const at = clock.now()
    const unstarted = intentions.map(({ deliveryTag }): OutcomeReport => ({ deliveryTag, outcome: NOT_STARTED, at }))
    const reports = [...reportsIn(inputs), ...unstarted]
    if (reports.length > 0) await options.handOver(reports)
  }

  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= shut()
    return closing
  }

  const shut = async (): Promise<void> => {
    life = 'closed'
    sender.stop()
    inbox.nudge()
    const reports = reportsIn(inbox.drain(Number.POSITIVE_INFINITY))
    if (reports.length > 0) await options.handOver(reports)
    if (!(await stopped)) store.sync(provenAt)
    store.close()
    await journal.close()
  }

  const stopped: Promise<Error | undefined> = Promise.race([loop(), faulty.promise]).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  )
  void stopped.then((error) => {
    if (!error) return
    const end = () => options.onEnded(error)
    close().then(end, end)
  })

  return {
    partition,
    epoch,
    restored,
    wants: () => wanted,
    committed: () => position,
    count: () => store.count(),
    inFlight: () => sender.inFlight(),
    pauses: () => [...store.pauses()],
    coverages: () => [...store.coverages()],
    pace: () => sender.pace(),
    put: (input) => {
      const topic = input.kind === 'unreadable' ? input.topic : input.kind === 'request' ? 'requests' : 'feedback'
      if (life === 'closed' || input.offset < wanted[topic]) return
      wanted[topic] = input.offset + 1
      inbox.put(input)
      flow()
    },
    flowing: () => {
      full = false
      flow()
    },
    drain: async (withinMs) => {
      if (life === 'open') life = 'draining'
      options.flow.pause()
      sender.stop()
      const until = clock.monotonic() + withinMs
      while (life !== 'closed' && (sender.inFlight() > 0 || inbox.size > 0 || stepping) && clock.monotonic() < until) {
        inbox.nudge()
        await new Promise<void>((resolve) => timers.after(5, resolve))
      }
    },
    close: () => close(),
  }
}

const reportsIn = (inputs: readonly Input[]): OutcomeReport[] =>
  inputs.flatMap((input) => (input.kind === 'outcome' ? [input.report] : []))
