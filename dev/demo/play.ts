import { setTimeout as delay } from 'node:timers/promises'
import { type Account, accountOf } from './account.ts'
import { type EventKind, PUBLISHED } from './domain-events.ts'
import { openEventProducer, type Produced } from './event-producer.ts'
import { DemoFault, Interrupted } from './fault.ts'
import { DOMAIN_PARTITIONS, type Installation } from './installation.ts'
import { type Line, lineAt } from './line.ts'
import { readLineLog } from './line-log.ts'
import { NIGHT_ZONE } from './night.ts'
import { tabulate } from './outcome-table.ts'
import type { Findings } from './report.ts'
import { openResultReader, type ResultReader } from './result-reader.ts'
import type { Run } from './run.ts'
import { SILENT, type SpecialPeople, scenarioAt } from './scenario.ts'
import { clockAt, storiesOf } from './story.ts'
import { faultsIn } from './verify.ts'
import { startWorker, type Worker } from './worker.ts'

const PORTION = 30
const BETWEEN_PORTIONS_MS = 150
const LOOK_EVERY_MS = 200
const SETTLED_WITHIN_MS = 50_000
const SHOWN_OF_MANY = 5
/** Longer than the channel's deadline: by then nobody waits for the answer any more. */
const LATE_EVENT_MS = 6_000

/** Plays the scenario against a worker, and finds out what came of it. @throws DemoFault when that is not what it should be. */
export const play = async (installation: Installation, run: Run): Promise<{ findings: Findings; worker: Worker }> => {
  const { clock, progress, signal, giveUp, orStop } = run
  const { kafka, stack, simulatorUrl, prefix, topicOf, workspace } = installation
  const { registryUrl } = stack

  progress.now('Opening a consumer of results and a producer of events')
  const reader = await run.open(openResultReader({ kafka, registryUrl, topic: `${prefix}.results`, groupId: `${prefix}-reader` }))
  reader.ended.catch(giveUp)
  const eventTopicOf = (kind: EventKind) => topicOf(PUBLISHED[kind].topic)
  const producer = await run.open(openEventProducer({ kafka, registryUrl, topicOf: eventTopicOf, partitions: DOMAIN_PARTITIONS }))

  const worker = await startWorker(installation, run)
  try {
    const scenario = scenarioAt(clock.now())
    const line = lineAt(simulatorUrl, signal)
    await orStop(line.registerWebhook(worker.webhookUrl, workspace.env.LINE_CHANNEL_SECRET ?? ''))
    progress.note(`LINE tells ${worker.webhookUrl} when a message can be seen`)
    await orStop(layOut(line, scenario.people))
    const began = clock.monotonic()
    const produced: Produced[] = []
    for (let from = 0; from < scenario.records.length; from += PORTION) {
      progress.now(standing(`Produced ${from} of ${scenario.records.length} events`, accountOf(produced, reader.results)))
      produced.push(...(await orStop(producer.produce(scenario.records.slice(from, from + PORTION)))))
      await delay(BETWEEN_PORTIONS_MS, undefined, { signal })
    }
    const { total } = accountOf(produced, reader.results)
    progress.note(`Produced ${scenario.records.length} events for ${total} recipients`)
    const quiet = `until ${clockAt(worker.night.endsAt, 'second')} in ${NIGHT_ZONE}`
    const untilLeft = (left: number, ...said: string[]) => untilSettled({ produced, reader, quiet, left, said }, run)
    await untilLeft(SILENT + 1, 'accepted', 'unknown')
    progress.note('The night is over there; and somebody agrees to get such messages')
    await orStop(line.consent(scenario.people.undecided.phone))
    await untilLeft(SILENT, 'accepted', 'unknown')
    progress.note(`A day passes by the worker's clock, and of ${SILENT} messages nothing is heard`)
    await orStop(worker.hoursPass())
    await untilLeft(1, 'fallback_due')
    await orStop(worker.hoursPass())
    await orStop(worker.hoursPass())
    await untilLeft(0)
    const seconds = (clock.monotonic() - began) / 1_000
    progress.note(`All ${total} notifications have their terminal result`)

    const { results } = reader
    const table = tabulate(results)
    const log = await orStop(readLineLog(simulatorUrl, signal))
    const stories = storiesOf(results, scenario.people)
    const faults = faultsIn({ results, table, intended: scenario.intended, line: log })
    if (stories === undefined) faults.push('Somebody whose story was to be told lived another one')
    if (stories === undefined || faults.length > 0) throw new DemoFault(`Not what it should be:\n  ${faults.join('\n  ')}`)
    return { findings: { events: scenario.records.length, results, table, stories, line: log, seconds }, worker }
  } catch (fault) {
    if (!(signal.reason instanceof Interrupted)) progress.note(`The worker's log: ${await worker.saveLog()}`)
    throw fault
  }
}

const layOut = async (line: Line, { unanswered, unheardOf }: SpecialPeople): Promise<void> => {
  await line.neverAnswer(unanswered.phone, 'taken')
  await line.tellLate(unanswered.phone, LATE_EVENT_MS)
  await line.neverAnswer(unheardOf.phone, 'not-taken')
}

interface Wait {
  readonly produced: readonly Produced[]
  readonly reader: ResultReader
  readonly quiet: string
  /** Until all but so many have ended, */
  readonly left: number
  /** and of each of those one of these statuses was said last. */
  readonly said: readonly string[]
}

const untilSettled = async ({ produced, reader, quiet, left, said }: Wait, { clock, progress, signal }: Run): Promise<void> => {
  const giveUpAt = clock.monotonic() + SETTLED_WITHIN_MS
  for (;;) {
    const account = accountOf(produced, reader.results)
    if (account.faults.length > 0) throw new DemoFault(`Not what it should be:\n  ${some(account.faults)}`)
    const { open, underWay } = account
    if (open.length < left) throw new DemoFault(`${open.length} recipients have no terminal result yet, which should be ${left}`)
    if (open.length === left && Object.keys(underWay).every((status) => said.includes(status))) return
    if (clock.monotonic() > giveUpAt)
      throw new DemoFault(
        `${open.length} of ${account.total} recipients have no terminal result after ${SETTLED_WITHIN_MS / 1_000} s:\n  ${some(open)}`,
      )
    progress.now(standing('Working', account, quiet))
    await delay(LOOK_EVERY_MS, undefined, { signal })
  }
}

const standing = (what: string, { settled, total, underWay }: Account, quiet = 'for quiet hours to end'): string => {
  const waiting = Object.entries(underWay).map(([status, count]) =>
    status === 'queued' ? `${count} wait ${quiet}` : `${count} ${status}`,
  )
  return `${what}: ${[`${settled} of ${total} settled`, ...waiting].join(', ')}`
}

const some = (lines: readonly string[]): string =>
  [...lines.slice(0, SHOWN_OF_MANY), ...(lines.length > SHOWN_OF_MANY ? [`and ${lines.length - SHOWN_OF_MANY} more`] : [])].join(
    '\n  ',
  )
