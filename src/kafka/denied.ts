/** What a person can do about an error of kafkajs: what is wrong, in a sentence, and the remedy. Reads no message: those are kafkajs's own. */
export const remedyOf = (error: Error): string => explainDenied(error) ?? saslRemedyOf(error) ?? reachRemedyOf(error)

/** Of an error that says that an ACL is missing. `undefined` for any other. */
export const explainDenied = (error: unknown): string | undefined => {
  const kind = deniedOf(error)
  if (kind === undefined) return undefined
  const what = { topic: 'a topic', group: 'a consumer group', 'transactional-id': 'a transactional id', cluster: 'the cluster' }[
    kind
  ]
  return `The brokers do not allow this user something on ${what}: an ACL is missing. \`tsuchi check\` says which, and \`tsuchi acls\` prints the commands that add it`
}

/** What kind of thing the brokers refused to this user. */
export const deniedOf = (error: unknown): Denied | undefined => {
  for (const each of withCauses(error)) {
    const found = 'type' in each ? DENIED.get(String(each.type)) : undefined
    if (found) return found
  }
  return undefined
}

type Denied = 'topic' | 'group' | 'transactional-id' | 'cluster'

const DENIED: ReadonlyMap<string, Denied> = new Map([
  ['TOPIC_AUTHORIZATION_FAILED', 'topic'],
  ['GROUP_AUTHORIZATION_FAILED', 'group'],
  ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'transactional-id'],
  ['CLUSTER_AUTHORIZATION_FAILED', 'cluster'],
] as const)

/** The error, what caused it, and what it is made of: kafkajs wraps what it has tried in vain, and gathers what it asked for topic by topic. */
const withCauses = (error: unknown): Error[] => {
  if (!(error instanceof Error)) return []
  const parts: unknown[] = 'errors' in error && Array.isArray(error.errors) ? error.errors : []
  return [error, ...[error.cause, ...parts].flatMap(withCauses)]
}

const saslRemedyOf = (error: Error): string | undefined => {
  const type = 'type' in error ? error.type : undefined
  if (type === 'ILLEGAL_SASL_STATE')
    return 'The listener that kafka.brokers names wants no SASL: name one that does, or take kafka.sasl out of the configuration'
  if (error.name === 'KafkaJSSASLAuthenticationError' || type === 'UNSUPPORTED_SASL_MECHANISM')
    return 'The brokers do not take this user: are mechanism, username and password of kafka.sasl right?'
  return undefined
}

const reachRemedyOf = (error: Error): string =>
  withCauses(error).some(({ name }) => name === 'KafkaJSConnectionClosedError')
    ? 'The brokers closed the connection: does the listener that kafka.brokers names want kafka.sasl, or TLS (kafka.ssl)?'
    : 'Are kafka.brokers right, and the brokers up? Credentials (kafka.sasl), TLS (kafka.ssl)?'
