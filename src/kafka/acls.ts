import { type TopicNames, topicNames } from './topics.ts'

/** One thing that a user of Kafka must be allowed. Of what implies what (Read and Write imply Describe), only the stronger is named. */
export interface Acl {
  readonly resource: 'topic' | 'group' | 'transactional-id'
  readonly pattern: 'literal' | 'prefixed'
  readonly name: string
  readonly operation: 'Read' | 'Write' | 'Create' | 'Describe' | 'DescribeConfigs'
  readonly why: string
}

/** What somebody does with an installation: a stage of `tsuchi run`, or a command. */
export const ACL_USES = [
  'intake',
  'dispatch',
  'webhook',
  'check',
  'topics-create',
  'topics-upgrade',
  'channels',
  'trace',
  'reconcile',
  'preview',
  'dead-letters',
  'dead-letters-replay',
  'produce',
] as const
export type AclUse = (typeof ACL_USES)[number]

/** The names of an installation, as its configuration and its routes have them. */
export interface AclNames {
  readonly prefix: string
  readonly group: string
  readonly domainTopics: readonly string[]
  /** With signed bodies that another receiver writes. */
  readonly webhookTopic?: string | undefined
}

/** The least that these uses need together, each once. Pure. */
export const aclsFor = (uses: readonly AclUse[], names: AclNames): readonly Acl[] => {
  const found = new Map<string, Acl>()
  for (const { uses: of, why, given, ...need } of NEEDS) {
    if (!of.some((use) => uses.includes(use)) || (given && names[given] === undefined)) continue
    for (const acl of aclsOf(need, names)) {
      const key = keyOf(acl)
      const known = found.get(key)
      if (!known) found.set(key, { ...acl, why })
      else if (!known.why.split('; ').includes(why)) found.set(key, { ...known, why: `${known.why}; ${why}` })
    }
  }
  const implied = ({ operation, ...acl }: Acl) =>
    operation === 'Describe' && (['Read', 'Write'] as const).some((stronger) => found.has(keyOf({ ...acl, operation: stronger })))
  return [...found.values()].filter((acl) => !implied(acl))
}

/** Whether what these uses need cannot be told without the routes. */
export const needRoutes = (uses: readonly AclUse[]): boolean =>
  NEEDS.some((need) => need.on === 'domain topics' && need.uses.some((use) => uses.includes(use)))

/** `Read on topic tsuchi.requests`. */
export const formatAcl = ({ operation, resource, pattern, name }: Acl): string => {
  const kind = resource === 'transactional-id' ? 'transactional id' : resource
  return pattern === 'literal'
    ? `${operation} on ${kind} ${name}`
    : `${operation} on ${kind}s that begin with ${name} (resource pattern type prefixed)`
}

/** A row of the table: who needs an operation on what. Names are written as they are by default, with `tsuchi` for prefix and group. */
export interface Need {
  readonly uses: readonly AclUse[]
  readonly operation: Acl['operation']
  readonly on:
    | keyof TopicNames
    | 'every own topic'
    | 'domain topics'
    | 'webhook.topic'
    | `${'group' | 'transactional id'} ${string}`
  readonly why: string
  /** Only if there is one. */
  readonly given?: 'webhookTopic'
}

/** Found in the source, and proven on a broker with an authorizer: with these it works, and without any one of them something fails. A
 *  name of a group or transactional id with a * at its end is a prefix; `{group}` and `{prefix}` stand for the configuration's. */
export const NEEDS: readonly Need[] = [
  {
    uses: ['intake', 'dispatch', 'webhook', 'check', 'topics-create', 'topics-upgrade', 'channels', 'dead-letters-replay'],
    operation: 'Describe',
    on: 'every own topic',
    why: 'partitions are compared',
  },
  {
    uses: ['intake', 'dispatch', 'webhook', 'check', 'topics-create', 'topics-upgrade', 'channels', 'dead-letters-replay'],
    operation: 'DescribeConfigs',
    on: 'every own topic',
    why: 'how it is cleaned up is compared',
  },
  { uses: ['intake'], operation: 'Read', on: 'domain topics', why: 'events' },
  { uses: ['intake'], operation: 'Read', on: 'group {group}-intake', why: 'members of intake share the events' },
  { uses: ['intake'], operation: 'Write', on: 'requests', why: 'what is to be sent' },
  { uses: ['intake', 'channels'], operation: 'Read', on: 'journal', why: 'which format it is in' },
  { uses: ['intake', 'dispatch'], operation: 'Write', on: 'deadLetters', why: 'records that cannot be processed' },
  { uses: ['dispatch'], operation: 'Read', on: 'requests', why: 'what is to be sent' },
  { uses: ['dispatch'], operation: 'Read', on: 'feedback', why: 'what other workers learned' },
  { uses: ['dispatch'], operation: 'Write', on: 'feedback', why: 'what is handed over, and barriers' },
  { uses: ['dispatch'], operation: 'Read', on: 'journal', why: 'state is restored' },
  { uses: ['dispatch'], operation: 'Write', on: 'journal', why: 'state is committed' },
  { uses: ['dispatch'], operation: 'Write', on: 'results', why: 'what became of each' },
  { uses: ['dispatch'], operation: 'Write', on: 'attributions', why: 'who linked their account by which' },
  { uses: ['dispatch'], operation: 'Read', on: 'optOuts', why: 'who wants nothing' },
  { uses: ['dispatch'], operation: 'Write', on: 'optOuts', why: 'a marker tells that its end was reached' },
  { uses: ['dispatch'], operation: 'Read', on: 'group {group}-dispatch', why: 'members of dispatch share the partitions' },
  {
    uses: ['dispatch'],
    operation: 'Read',
    on: 'group {group}-dispatch-journal-*',
    why: 'every worker reads the journal by itself',
  },
  {
    uses: ['dispatch'],
    operation: 'Read',
    on: 'group {group}-dispatch-opt-outs-*',
    why: 'every worker reads the opt-outs by itself',
  },
  { uses: ['dispatch'], operation: 'Write', on: 'transactional id {group}-dispatch-*', why: 'one for each partition' },
  { uses: ['webhook'], operation: 'Write', on: 'feedback', why: 'receipts, links, and when it listened' },
  { uses: ['webhook'], operation: 'Write', on: 'friendEvents', why: 'who came, left, or linked their account' },
  { uses: ['webhook'], operation: 'Read', on: 'webhook.topic', why: 'signed bodies (if there is one)', given: 'webhookTopic' },
  {
    uses: ['webhook'],
    operation: 'Read',
    on: 'group {group}-webhook',
    why: 'members of the webhook share the signed bodies (if webhook.topic is set)',
    given: 'webhookTopic',
  },
  {
    uses: ['webhook'],
    operation: 'Write',
    on: 'deadLetters',
    why: 'signed bodies that are not taken (if webhook.topic is set)',
    given: 'webhookTopic',
  },
  {
    uses: ['webhook', 'check', 'topics-create', 'topics-upgrade', 'dead-letters-replay'],
    operation: 'Read',
    on: 'journal',
    why: 'the immutables are compared',
  },
  {
    uses: ['webhook', 'check', 'topics-create', 'topics-upgrade', 'dead-letters-replay'],
    operation: 'Read',
    on: 'group {prefix}.journal-journal-*',
    why: 'the immutables are compared',
  },
  { uses: ['check'], operation: 'Describe', on: 'domain topics', why: 'whether they exist' },
  { uses: ['check'], operation: 'DescribeConfigs', on: 'domain topics', why: 'how long they keep events' },
  { uses: ['topics-create'], operation: 'Create', on: 'every own topic', why: 'those that are missing' },
  { uses: ['topics-create'], operation: 'Write', on: 'journal', why: 'the immutables' },
  { uses: ['topics-upgrade'], operation: 'Write', on: 'journal', why: 'that it is in a newer format' },
  {
    uses: ['topics-upgrade'],
    operation: 'Write',
    on: 'transactional id {group}-dispatch-*',
    why: 'owners of partitions are fenced',
  },
  {
    uses: ['topics-upgrade'],
    operation: 'Describe',
    on: 'group {group}-dispatch',
    why: 'whether all its members know the format',
  },
  { uses: ['channels'], operation: 'Write', on: 'requests', why: 'orders to pause and resume' },
  { uses: ['trace'], operation: 'Read', on: 'requests', why: 'a life is put together' },
  { uses: ['trace'], operation: 'Read', on: 'feedback', why: 'a life is put together' },
  { uses: ['trace'], operation: 'Read', on: 'journal', why: 'a life is put together' },
  { uses: ['trace'], operation: 'Read', on: 'results', why: 'a life is put together' },
  { uses: ['reconcile'], operation: 'Read', on: 'results', why: 'what was delivered on a day is counted' },
  { uses: ['preview'], operation: 'Read', on: 'domain topics', why: 'the record that is shown (--topic)' },
  { uses: ['dead-letters', 'dead-letters-replay'], operation: 'Read', on: 'deadLetters', why: 'the letters' },
  { uses: ['dead-letters-replay'], operation: 'Write', on: 'deadLetters', why: 'receipts of replays' },
  { uses: ['dead-letters-replay'], operation: 'Write', on: 'domain topics', why: 'records are put back where they lay' },
  {
    uses: ['dead-letters-replay'],
    operation: 'Write',
    on: 'webhook.topic',
    why: 'signed bodies are put back where they lay (if there is one)',
    given: 'webhookTopic',
  },
  { uses: ['dead-letters-replay'], operation: 'Write', on: 'transactional id {group}-replay', why: 'who replays fences who did' },
  { uses: ['produce'], operation: 'Write', on: 'domain topics', why: 'events, for development' },
]

const aclsOf = (
  { operation, on }: Pick<Need, 'operation' | 'on'>,
  { prefix, group, domainTopics, webhookTopic }: AclNames,
): Omit<Acl, 'why'>[] => {
  const own = topicNames(prefix)
  const topics = (all: readonly string[]) =>
    all.map((name) => ({ resource: 'topic', pattern: 'literal', name, operation }) as const)
  if (on === 'every own topic') return topics(Object.values(own))
  if (on === 'domain topics') return topics([...new Set(domainTopics)])
  if (on === 'webhook.topic') return topics(webhookTopic === undefined ? [] : [webhookTopic])
  if (isOwnTopic(on, own)) return topics([own[on]])
  const resource = on.startsWith('group ') ? 'group' : 'transactional-id'
  const filled = on
    .replace(/^(group|transactional id) /, '')
    .replace('{group}', group)
    .replace('{prefix}', prefix)
  return [
    filled.endsWith('*')
      ? { resource, pattern: 'prefixed', name: filled.slice(0, -1), operation }
      : { resource, pattern: 'literal', name: filled, operation },
  ]
}

const isOwnTopic = (on: string, own: TopicNames): on is keyof TopicNames => on in own

const keyOf = ({ resource, pattern, name, operation }: Omit<Acl, 'why'>): string => `${resource} ${pattern} ${name} ${operation}`
