import { Command, InvalidArgumentError, Option } from 'commander'
import { systemClock } from '../clock.ts'
import { zone } from '../config/setting-values.ts'
import { type Config, loadConfig } from '../config.ts'
import { createRegistry } from '../kafka/event-reader.ts'
import { topicNames } from '../kafka/topics.ts'
import { clockFaceIn, instantOf } from '../trace/clock-face.ts'
import { ID_KINDS, type IdKind } from '../trace/id-kind.ts'
import { createResultReader } from '../trace/result-reader.ts'
import { storyDocument } from '../trace/story-document.ts'
import { nothingFound, storiesText, unreadableText } from '../trace/tell.ts'
import { trace } from '../trace/trace.ts'
import { writerSchemaFrom } from '../trace/writer-schema.ts'
import { configOption } from './config-option.ts'
import { kafkaFor } from './kafka-for.ts'
import { showProgress } from './progress.ts'

interface Options {
  readonly config: string
  readonly as?: IdKind
  readonly since: string
  readonly zone?: string
  readonly limit: number
  readonly json?: true
}

/** `tsuchi trace`. */
export const traceCommand = (): Command =>
  new Command('trace')
    .description('tell what became of a notification, from the event on; changes nothing')
    .argument(
      '<id>',
      'a notification id, a delivery tag, a recipientRef, an event id, a customer id, or a subject such as reservation/R-1',
    )
    .addOption(configOption())
    .addOption(
      new Option('--as <kind>', 'what the id is; default: what it has the form of, or else whatever it is').choices(ID_KINDS),
    )
    .option('--since <when>', 'how far back to look: how long ago (P30D, PT6H), or a time (2026-01-05, 2026-01-05T21:00)', 'P7D')
    .option('--zone <zone>', 'whose clock times are told by; default: recipients.zone', readZone)
    .option('--limit <n>', 'of how many the whole story is told, if there are several', readLimit, 5)
    .addOption(new Option('--json', 'every story, with all facts, as a line of JSON'))
    .addHelpText(
      'after',
      `
Reads requests, feedback and results from --since on, and the journal as a whole: that may take a while, unless the id is a delivery tag or
a recipientRef, which name their partition. Joins no group and writes nothing; needs no secrets but those for Kafka. What was sealed stays so,
and nobody can be found by a phone number, as it lies nowhere: look for the customer id.
A line is the time, how long after the last one, what happened, and [where it lies]. Exits with 1 if nothing is found.

  tsuchi trace C-20711                          all that customer C-20711 was to get in the last 7 days
  tsuchi trace t_3_8d1c0f9a2b47_2f_1c           the attempt that LINE, or its support, calls so
  tsuchi trace reservation/R-1 --since P30D     everybody who was to hear of the reservation`,
    )
    .action(async (id: string, options: Options, command: Command) => {
      const config = loadConfig(options.config, undefined, { unset: 'stand-in' })
      const now = systemClock.now()
      const clock = clockFaceIn(options.zone ?? config.recipients.zone)
      const since = instantOf(options.since, now, clock.zone)
      if (since === undefined)
        command.error('error: --since is neither a duration such as P7D nor a time such as 2026-01-05T21:00 that is past')
      const traced = await traceWith(config, { id, as: options.as, since })
      for (const line of unreadableText(traced.reading)) console.error(line)
      if (traced.stories.length === 0) {
        console.error(nothingFound(traced, since, clock))
        process.exitCode = 1
        return
      }
      if (options.json) for (const story of traced.stories) console.log(JSON.stringify(storyDocument(story)))
      else console.log(storiesText(traced, options.limit, clock))
    })

const traceWith = async (config: Config, wanted: { id: string; as: IdKind | undefined; since: number }) => {
  const progress = showProgress({ stream: process.stderr, label: 'reading' })
  try {
    return await trace({
      ...wanted,
      kafka: kafkaFor(config, 'trace'),
      names: topicNames(config.topics.prefix),
      partitions: config.topics.partitions,
      results: createResultReader(writerSchemaFrom(createRegistry(config.registry))),
      onProgress: progress.update,
    })
  } finally {
    progress.end()
  }
}

function readZone(text: string): string {
  if (zone.safeParse(text).success) return text
  throw new InvalidArgumentError('Write an IANA time zone, such as Asia/Tokyo.')
}

function readLimit(text: string): number {
  const limit = Number(text)
  if (Number.isInteger(limit) && limit > 0) return limit
  throw new InvalidArgumentError('Write a whole number above 0.')
}
