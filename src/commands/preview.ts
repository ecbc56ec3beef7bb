import { Command, InvalidArgumentError } from 'commander'
import { systemClock } from '../clock.ts'
import { loadConfig } from '../config.ts'
import { asJson } from '../preview/as-json.ts'
import { lookAtFile, lookAtRecord } from '../preview/look-at.ts'
import { isFaulty } from '../preview/preview.ts'
import { PreviewError } from '../preview/preview-error.ts'
import { formatLine } from '../preview/styled-line.ts'
import { type Told, tell } from '../preview/tell.ts'
import { configOption } from './config-option.ts'
import { kafkaFor } from './kafka-for.ts'
import { type Progress, showProgress } from './progress.ts'

interface Options {
  readonly config: string
  readonly route?: string
  readonly header?: ReadonlyMap<string, string>
  readonly topic?: string
  readonly partition?: number
  readonly offset?: number
  readonly at?: number
  readonly recipients?: number
  readonly json?: true
}

/** `tsuchi preview`. */
export const previewCommand = (): Command =>
  new Command('preview')
    .description('show what people would see of an event, when, and why; sends nothing, writes nothing')
    .argument('[event]', 'a file with the event as JSON, as in examples/; - for stdin')
    .addOption(configOption())
    .option('--route <name>', 'the route of the event (default: the one whose schema it fits)')
    .option('--header <name=value>', 'a header of the record, such as ce_source=…; may be repeated', readHeader)
    .option('--topic <name>', 'instead of a file: the topic where the event lies')
    .option('--partition <number>', 'its partition (default: the only one)', readWhole)
    .option('--offset <number>', 'its offset', readWhole)
    .option('--at <time>', 'as of when, such as 2026-08-24T22:30:00+09:00 (default: now)', readInstant)
    .option('--recipients <number>', 'how many people of the event are shown, or all (default: 3; with --json all)', readMost)
    .option('--json', 'print it as one JSON object')
    .addHelpText(
      'after',
      `
The event is read as a worker reads it, and the same code decides what would become of it: the route, the message of each recipient, LINE's
rules and advertising words, quiet hours, expiry, the mode of the channel. An event in a file needs neither Kafka nor secrets; without the
pepper a person's recipientRef is not known, nor whether it is on an allow-list. Messages hold what the event says of people: show them to
those who may see it. The phone number is not shown.

  tsuchi preview examples/payment-due.json --at 2026-08-24T22:30:00+09:00
      how the examples' bill looks, and that in the evening it waits for 08:00, the end of the default
      quiet hours (the examples are old: --at says as of when)
  tsuchi preview examples/outage-notice.json --recipients all --json | jq '.recipients[].fate.says'
      what would become of each of those it names
  tsuchi preview --topic billing.payment-due --partition 2 --offset 1042
      what a record that lies there would be, and why, if it cannot be read

Exits with 1 if anybody would be refused, a rule is broken, or the record cannot be read. What waits, expires, or is withheld by a channel in
mode shadow is in order.`,
    )
    .action(async (file: string | undefined, options: Options) => {
      const progress = showProgress({ stream: process.stderr, label: 'looking' })
      const told = await (options.topic === undefined
        ? fromFile(file, options, progress)
        : fromTopic(file, options, progress)
      ).finally(() => progress.end())
      if (options.json) console.log(JSON.stringify(asJson(told), null, 2))
      else {
        const color = process.stdout.isTTY && process.stdout.hasColors()
        for (const line of tell(told)) console.log(formatLine(line, { color }))
      }
      if (isFaulty(told.preview)) process.exitCode = 1
    })

const fromFile = async (file: string | undefined, options: Options, progress: Progress): Promise<Told> => {
  if (file === undefined) throw new PreviewError('name a file with an event as JSON (- for stdin), or --topic and --offset')
  if (options.partition !== undefined || options.offset !== undefined)
    throw new PreviewError('--partition and --offset say where an event lies in a topic: give --topic as well')
  const config = loadConfig(options.config, undefined, { unset: 'stand-in' })
  return lookAtFile(
    { config, onProgress: progress.update, ...howOf(options) },
    { file, routeName: options.route, headers: options.header ?? new Map() },
  )
}

const fromTopic = async (file: string | undefined, options: Options, progress: Progress): Promise<Told> => {
  const { topic, partition, offset } = options
  if (topic === undefined || offset === undefined) throw new PreviewError('--topic needs --offset: which record of it is meant')
  if (file !== undefined || options.route !== undefined || options.header !== undefined)
    throw new PreviewError('a record of a topic has headers and a type of its own: leave out the file, --route and --header')
  const config = loadConfig(options.config)
  return lookAtRecord({ config, onProgress: progress.update, ...howOf(options) }, kafkaFor(config, 'preview'), {
    topic,
    partition,
    offset,
  })
}

const howOf = ({ at, recipients, json }: Options) => ({
  now: at ?? systemClock.now(),
  most: recipients ?? (json ? Number.POSITIVE_INFINITY : 3),
})

const readHeader = (text: string, before: ReadonlyMap<string, string> = new Map()): ReadonlyMap<string, string> => {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('Write name=value, such as ce_source=jp.example.billing.')
  return new Map([...before, [text.slice(0, at), text.slice(at + 1)]])
}

const readWhole = (text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Write a whole number.')
  return Number(text)
}

const readMost = (text: string): number => (text === 'all' ? Number.POSITIVE_INFINITY : readWhole(text))

const readInstant = (text: string): number => {
  try {
    return Temporal.Instant.from(text).epochMilliseconds
  } catch {
    throw new InvalidArgumentError('Write a time with its offset, such as 2026-08-24T22:30:00+09:00.')
  }
}
