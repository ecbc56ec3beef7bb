import { Command, InvalidArgumentError, Option } from 'commander'
import { check } from '../check/check.ts'
import { linesOf, reportOf, verdictOf } from '../check/report.ts'
import type { WriterSchema } from '../check/writer-schemas.ts'
import { systemClock } from '../clock.ts'
import { configOption } from './config-option.ts'
import { kafkaFor } from './kafka-for.ts'

interface CheckCommandOptions {
  readonly config: string
  readonly offline?: true
  readonly strict?: true
  readonly json?: true
  readonly writerSchema?: readonly WriterSchema[]
}

/** `tsuchi check`. */
export const checkCommand = (): Command =>
  new Command('check')
    .description('look for what would keep a worker from doing what it promises; changes nothing, sends nothing')
    .addOption(configOption())
    .option('--offline', 'ask neither brokers nor registry nor LINE, and need no secrets: what is wrong with the files alone')
    .option('--strict', 'warnings count as faults')
    .addOption(new Option('--json', 'also print faults and warnings as one line of JSON on standard output'))
    .option(
      '--writer-schema <topic=file>',
      'also say whether the routes can read what a producer writes to this topic with this .avsc; may be repeated',
      (text: string, before: readonly WriterSchema[] = []) => [...before, readWriterSchema(text)],
    )
    .addHelpText('after', TEACHING)
    .action(async (options: CheckCommandOptions) => {
      const sections = await check({
        file: options.config,
        clock: systemClock,
        kafkaFor: (config) => kafkaFor(config, 'check'),
        offline: options.offline ?? false,
        strict: options.strict ?? false,
        writerSchemas: options.writerSchema ?? [],
        onSection: (section) => {
          for (const line of linesOf(section)) console.error(line)
        },
      })
      console.error(verdictOf(sections))
      if (options.json) console.log(JSON.stringify(reportOf(sections)))
      // What did not answer may still be waited for.
      process.exit(sections.some(({ faults }) => faults.length > 0) ? 1 : 0)
    })

const readWriterSchema = (text: string): WriterSchema => {
  const [, topic, file] = /^([^=]+)=(.+)$/.exec(text) ?? []
  if (topic && file) return { topic, file }
  throw new InvalidArgumentError('Write the topic, =, and the file, such as billing.payment-due=payment-due.avsc.')
}

const TEACHING = `
Each section is told as it is done: ✓ fine, ! with a warning, ✗ with a fault; every fault comes with its remedy. Exits with 1 if there is
any fault. A section that could not be looked at is a fault, and the others still run.

  configuration   every setting, every secret, the files it names; holidays that end within 30 days; whether state.directory and
                  http.host can be used here
  routes          every route with its schema, LINE's rules and keys, the review of flexible messages, what looks like advertising
  channels        what a channel needs to be sent on; limits must leave every partition a rate
  brokers         whether they answer
  access          the ACLs of a worker and of this command, if the brokers have an authorizer (\`tsuchi acls\` prints them)
  topics          tsuchi's own: partitions, clean-up, retention, compaction; with environment: production also three replicas, two of
                  them in sync, and no unclean election
  immutables      pepper, partitions and group against what the journal began with; the format of internal records, whether this
                  version reads it, and whether it could be raised
  events          the routes' topics: what they keep must not be older than what a route remembers (dedupeWindow), or a replay ends as
                  dead letters; nor shorter than what a route still sends (maxAge), or an outage loses events
  schemas         that of results; every registered version of the events, and whether its route can read it; compatibility:
                  FULL_TRANSITIVE for results, BACKWARD_TRANSITIVE or FULL_TRANSITIVE for events (else a fault in production, a warning
                  in development). BACKWARD_TRANSITIVE still lets a producer take a field away; FULL_TRANSITIVE refuses that, and
                  so does --writer-schema
  credentials     whether a token is issued, or a long-lived one is known; whether what is called a simulator is one; of a channel
                  with a webhook, whether it is the token's own account, and where LINE sends its events. Nobody is messaged

A producer's build asks whether a changed schema breaks anything, from the image, with the routes that it holds:

  docker run --rm -v "$PWD:/check" tsuchi check --offline --config /etc/tsuchi/tsuchi.yaml \\
    --writer-schema billing.payment-due=/check/payment-due.avsc

Without --offline the registry is asked too, whether it would take that schema under the topic's subject.`
