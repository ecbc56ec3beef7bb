import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { aclsCommand } from './commands/acls.ts'
import { channelsCommand } from './commands/channels.ts'
import { checkCommand } from './commands/check.ts'
import { deadLettersCommand } from './commands/dead-letters.ts'
import { fail } from './commands/fail.ts'
import { previewCommand } from './commands/preview.ts'
import { produceCommand } from './commands/produce.ts'
import { reconcileCommand } from './commands/reconcile.ts'
import { runCommand } from './commands/run.ts'
import { schemasCommand } from './commands/schemas.ts'
import { topicsCommand } from './commands/topics.ts'
import { traceCommand } from './commands/trace.ts'
import { simulatorCommand } from './line-simulator/command.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

const program = new Command('tsuchi')
  .description(
    'Sends LINE notification messages (LINE通知メッセージ) for domain events on Kafka, and publishes what became of each.',
  )
  .version(version)
  .showHelpAfterError('(add --help to see what there is)')
  .addHelpText(
    'after',
    `
In the order a new installation needs them:
  tsuchi acls                on brokers with an authorizer: what tsuchi must be allowed
  tsuchi topics create       makes tsuchi's own topics, and fixes what must never change
  tsuchi schemas register    tells the schema registry what results look like
  tsuchi check               says what would keep it from working
  tsuchi preview             shows what people would see of an event
  tsuchi run                 works until it is told to stop (SIGTERM, or Ctrl-C)
  tsuchi topics upgrade      after an upgrade, when you will not go back: writes what only the new version reads

Secrets are written \${NAME} in the configuration, and taken from the variable NAME or from the file that NAME_FILE names.`,
  )

for (const command of [
  runCommand(),
  aclsCommand(),
  topicsCommand(),
  schemasCommand(),
  checkCommand(),
  previewCommand(),
  produceCommand(),
  traceCommand(),
  reconcileCommand(),
  deadLettersCommand(),
  channelsCommand(),
  simulatorCommand(),
])
  program.addCommand(command.copyInheritedSettings(program))

await program.parseAsync().catch(fail)
