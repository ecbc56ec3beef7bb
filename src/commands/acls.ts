import { Command, InvalidArgumentError, Option } from 'commander'
import { aclsOf } from '../access.ts'
import { readRoutesUnreviewed, stagesOf } from '../app.ts'
import { loadConfig } from '../config.ts'
import { aclCommands } from '../kafka/acl-commands.ts'
import { ACL_USES, type AclUse, needRoutes } from '../kafka/acls.ts'
import { configOption } from './config-option.ts'

/** `run` is all stages in one process. */
const CHOICES = ['run', ...ACL_USES] as const
type Choice = (typeof CHOICES)[number]

/** `tsuchi acls`. */
export const aclsCommand = (): Command =>
  new Command('acls')
    .description('print the least Kafka ACLs that this installation needs; asks nobody, changes nothing')
    .addOption(configOption())
    .option('--principal <principal>', 'who is to be allowed: type and name, as the brokers see them', readPrincipal)
    .option(
      '--for <use>',
      `what it does: ${CHOICES.join(', ')}; may be repeated (default: run, and check)`,
      (use: string, before: Choice[] | undefined) => [...(before ?? []), readUse(use)],
    )
    .addOption(new Option('--json', 'one line of JSON for each ACL, with what it is for, in place of commands'))
    .addHelpText(
      'after',
      `
Prints commands for kafka-acls.sh, which whoever may alter the cluster's ACLs runs; admin.properties holds that one's credentials. Without
--principal it is User: and the name in kafka.sasl. Names come from the configuration (topics.prefix, kafka.group) and the routes: print them
again, and run them again, when a route is added. No operation on the cluster is needed.
\`tsuchi topics create\` runs once, and may run as somebody else than the worker (--for topics-create), as may whoever looks at things:
  tsuchi acls --principal User:operator --for channels --for trace --for dead-letters
\`tsuchi run\` does not start without its ACLs, and \`tsuchi check\`, run as the worker's user, names every one that is missing.`,
    )
    .action((options: { config: string; principal?: string; for?: Choice[]; json?: true }) => {
      const config = loadConfig(options.config, undefined, { unset: 'stand-in' })
      const uses = (options.for ?? ['run', 'check']).flatMap((use): readonly AclUse[] =>
        use === 'run' ? stagesOf(config) : [use],
      )
      const acls = aclsOf(config, uses, needRoutes(uses) ? readRoutesUnreviewed(config) : [])
      const principal = options.principal ?? `User:${config.kafka.sasl?.username ?? 'tsuchi'}`
      if (options.json) for (const acl of acls) console.log(JSON.stringify({ principal, ...acl }))
      else console.log(aclCommands(acls, { principal, brokers: config.kafka.brokers }))
    })

const readUse = (text: string): Choice => {
  const choice = CHOICES.find((each) => each === text)
  if (choice) return choice
  throw new InvalidArgumentError(`Write one of ${CHOICES.join(', ')}.`)
}

function readPrincipal(text: string): string {
  if (/^[A-Za-z]+:.+$/.test(text)) return text
  throw new InvalidArgumentError('Write type and name, such as User:tsuchi.')
}
