import type { Acl } from './acls.ts'

/** Commands of Kafka's kafka-acls.sh that add these ACLs: one for all that need the same, as each takes seconds. */
export const aclCommands = (
  acls: readonly Acl[],
  { principal, brokers }: { readonly principal: string; readonly brokers: readonly string[] },
): string => {
  const head = `kafka-acls.sh --bootstrap-server ${shellWord(brokers.join(','))} --command-config admin.properties --add`
  return commandsOf(acls)
    .map(({ resource, pattern, names, operations }) => {
      const what = [
        ...operations.map((operation) => `--operation ${operation}`),
        ...(pattern === 'prefixed' ? ['--resource-pattern-type prefixed'] : []),
        ...names.map((name) => `--${resource} ${shellWord(name)}`),
      ]
      return `${head} --allow-principal ${shellWord(principal)} \\\n  ${what.join(' ')}`
    })
    .join('\n')
}

interface AclCommand {
  readonly resource: Acl['resource']
  readonly pattern: Acl['pattern']
  readonly names: readonly string[]
  readonly operations: readonly Acl['operation'][]
}

const commandsOf = (acls: readonly Acl[]): readonly AclCommand[] => {
  const byName = Map.groupBy(acls, ({ resource, pattern, name }) => `${resource} ${pattern} ${name}`)
  const wanted = [...byName.values()].flatMap((each) => {
    const [first] = each
    return first ? [{ ...first, operations: each.map(({ operation }) => operation).sort() }] : []
  })
  const alike = Map.groupBy(wanted, ({ resource, pattern, operations }) => `${resource} ${pattern} ${operations.join()}`)
  return [...alike.values()].flatMap((each) => {
    const [first] = each
    return first ? [{ ...first, names: each.map(({ name }) => name) }] : []
  })
}

/** As a shell takes it for one word. */
const shellWord = (text: string): string => (/^[A-Za-z0-9._:,@/-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)
