import { setTimeout as delay } from 'node:timers/promises'
import { type Account, accountOf } from './account.ts'
import { type EventKind, PUBLISHED } from './domain-events.ts'
import { openEventProducer, type Produced } from './event-producer.ts'
import { DemoFault, Interrupted } from './fault.ts'
import { DOMAIN_PARTITIONS, type Installation } from './installation.ts'
import { type LineLog, neverAnswerFor, readLineLog } from './line-log.ts'
import { NIGHT_ZONE } from './night.ts'
import { differences, type OutcomeTable, tabulate } from './outcome-table.ts'
import type { Findings } from './report.ts'
import { openResultReader, type PublishedResult, type ResultReader } from './result-reader.ts'
import type { Run } from './run.ts'
import { scenarioAt } from './scenario.ts'
import { clockAt, storyOf } from './story.ts'
import { startWorker, type Worker } from './worker.ts'

const PORTION = 30
const BETWEEN_PORTIONS_MS = 150
const LOOK_EVERY_MS = 200
const SETTLED_WITHIN_MS = 50_000
const SHOWN_OF_MANY = 5

/** Plays the scenario against a worker, and finds out what came of it. @throws DemoFault when that is not what it should be. */
export const play = async (installation: Installation, run: Run): Promise<{ findings: Findings; worker: Worker }> => {
  const { clock, progress, signal, giveUp, orStop } = run
  const { kafka, stack, simulatorUrl, prefix, topicOf } = installation
  const { registryUrl } = stack

  progress.now('Opening a consumer of results and a producer of events')
  const reader = await run.open(openResultReader({ kafka, registryUrl, topic: `${prefix}.results`, groupId: `${prefix}-reader` }))
  reader.ended.catch(giveUp)
  const eventTopicOf = (kind: EventKind) => topicOf(PUBLISHED[kind].topic)
  const producer = await run.open(openEventProducer({ kafka, registryUrl, topicOf: eventTopicOf, partitions: DOMAIN_PARTITIONS }))

  const worker = await startWorker(installation, run)
  try {
    const scenario = scenarioAt(clock.now())
    await orStop(neverAnswerFor(simulatorUrl, scenario.neverAnsweredFor, signal))
    const began = clock.monotonic()
    const produced: Produced[] = []
    for (let from = 0; from < scenario.records.length; from += PORTION) {
      progress.now(standing(`Produced ${from} of ${scenario.records.length} events`, accountOf(produced, reader.results)))
      produced.push(...(await orStop(producer.produce(scenario.records.slice(from, from + PORTION)))))
      await delay(BETWEEN_PORTIONS_MS, undefined, { signal })
    }
    const { total } = accountOf(produced, reader.results)
    progress.note(`Produced ${scenario.records.length} events for ${total} recipients`)
    await untilSettled(produced, reader, run, `until ${clockAt(worker.night.endsAt, 'second')} in ${NIGHT_ZONE}`)
    const seconds = (clock.monotonic() - began) / 1_000
    progress.note(`All ${total} notifications have their terminal result`)

    const { results } = reader
    const table = tabulate(results)
    const line = await orStop(readLineLog(simulatorUrl, signal))
    const story = storyOf(results)
    const faults = faultsOf({ results, table, intended: scenario.intended, line })
    if (story === undefined) faults.push('No reminder waited for quiet hours to end')
    if (story === undefined || faults.length > 0) throw new DemoFault(`Not what it should be:\n  ${faults.join('\n  ')}`)
    return { findings: { events: scenario.records.length, results, table, story, line, seconds }, worker }
  } catch (fault) {
    if (!(signal.reason instanceof Interrupted)) progress.note(`The worker's log: ${await worker.saveLog()}`)
    throw fault
  }
}

const untilSettled = async (
  produced: readonly Produced[],
  reader: ResultReader,
  { clock, progress, signal }: Run,
  quiet: string,
): Promise<void> => {
  const giveUpAt = clock.monotonic() + SETTLED_WITHIN_MS
  for (;;) {
    const account = accountOf(produced, reader.results)
    if (account.faults.length > 0) throw new DemoFault(`Not what it should be:\n  ${some(account.faults)}`)
    if (account.open.length === 0) return
    if (clock.monotonic() > giveUpAt)
      throw new DemoFault(
        `${account.open.length} of ${account.total} recipients have no terminal result after ${SETTLED_WITHIN_MS / 1_000} s:\n  ${some(account.open)}`,
      )
    progress.now(standing('Working', account, quiet))
    await delay(LOOK_EVERY_MS, undefined, { signal })
  }
}

const standing = (what: string, { settled, total, underWay }: Account, quiet = 'for quiet hours to end'): string => {
  const counts = Object.entries(underWay).map(([status, count]) =>
    status === 'queued' ? `${count} wait ${quiet}` : `${count} ${status}`,
  )
  return `${what}: ${[`${settled} of ${total} settled`, ...counts].join(', ')}`
}

const faultsOf = ({
  results,
  table,
  intended,
  line,
}: {
  readonly results: readonly PublishedResult[]
  readonly table: OutcomeTable
  readonly intended: OutcomeTable
  readonly line: LineLog
}): string[] => {
  const unheard = results.filter(
    ({ status, lineRequestId }) => status === 'accepted' && !line.requestIds.has(lineRequestId ?? ''),
  )
  return [
    ...differences(table, intended),
    ...(line.twice > 0 ? [`LINE showed the same message twice to ${line.twice} people`] : []),
    ...(unheard.length > 0 ? [`LINE has no request of ${unheard.length} notifications that are said to be accepted`] : []),
  ]
}

const some = (lines: readonly string[]): string =>
  [...lines.slice(0, SHOWN_OF_MANY), ...(lines.length > SHOWN_OF_MANY ? [`and ${lines.length - SHOWN_OF_MANY} more`] : [])].join(
    '\n  ',
  )
