import { basename } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { readRoutesUnreviewed } from '../app.ts'
import { systemClock } from '../clock.ts'
import { loadConfig } from '../config.ts'
import { readEventFile } from '../event-text/event-file.ts'
import { produceEvent } from '../produce/produce.ts'
import { configOption } from './config-option.ts'
import { kafkaFor } from './kafka-for.ts'

interface Options {
  readonly config: string
  readonly route?: string
  readonly fresh?: true
  readonly header?: ReadonlyMap<string, string>
  readonly key?: string
  readonly yes?: true
  readonly json?: true
}

/** `tsuchi produce`. */
export const produceCommand = (): Command =>
  new Command('produce')
    .description('put one event, written as JSON, into the topic of its route: for development only')
    .argument('<event>', 'a file with one event as JSON; - for standard input')
    .addOption(configOption())
    .option('--route <name>', 'the route that it is for (default: the one with the name of the file)')
    .option('--fresh', 'as another event that happens now: a new id, now as its time, and its other times moved along')
    .option('--header <name=value>', 'a header of the record, such as ce_id=…; may be repeated', header)
    .option('--key <key>', 'key of the record (default: none)')
    .option('--yes', 'also where people may get it: the channel reaches LINE')
    .option('--json', 'print where it lies as JSON')
    .addHelpText(
      'after',
      `
Writes it as its producers do: Avro, by the newest schema of the topic's subject in the registry. What does not fit that schema is not
produced; the faults name the fields. Prints where the record lies, as topic/partition/offset.

Works only with environment: development in the configuration.

--fresh finds id and time where the route says (identity.id, time). What else is a time keeps its distance to it: Avro's timestamp-millis
and date, and texts such as 2026-08-31. Headers ce_id and ce_time come before both, and stay as given. A route with dedupe: still
knows an event that says the same.

  tsuchi produce examples/payment-due.json --fresh`,
    )
    .action(async (file: string, options: Options) => {
      const config = loadConfig(options.config)
      const place = await produceEvent(
        { config, routes: readRoutesUnreviewed(config), kafka: kafkaFor(config, 'produce'), now: systemClock.now() },
        {
          event: readEventFile(file),
          route: options.route ?? basename(file).replace(/\.json$/, ''),
          headers: options.header ?? new Map(),
          key: options.key ?? null,
          fresh: options.fresh ?? false,
          confirmed: options.yes ?? false,
        },
      )
      console.log(options.json ? JSON.stringify(place) : `${place.topic}/${place.partition}/${place.offset}`)
    })

const header = (text: string, before: ReadonlyMap<string, string> = new Map()): ReadonlyMap<string, string> => {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('Write name=value.')
  return new Map([...before, [text.slice(0, at), text.slice(at + 1)]])
}
