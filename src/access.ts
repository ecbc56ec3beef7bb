import { connectionOf } from './config/kafka-connection.ts'
import type { Config } from './config.ts'
import { missingAcls, verifyAccess } from './kafka/access.ts'
import { type Acl, type AclUse, aclsFor, formatAcl } from './kafka/acls.ts'
import { createKafka, type KafkaLog, START_RETRY } from './kafka/client.ts'

type Reader = { readonly topic: string }

/** The least ACLs that an installation needs for these uses. */
export const aclsOf = (config: Config, uses: readonly AclUse[], routes: readonly Reader[]): readonly Acl[] =>
  aclsFor(uses, {
    prefix: config.topics.prefix,
    group: config.kafka.group,
    domainTopics: routes.map(({ topic }) => topic),
    webhookTopic: config.webhook.topic,
  })

/** Throws AccessError, with all that the brokers do not allow the configuration's user. */
export const verifyAccessFor = (config: Config, uses: readonly AclUse[], routes: readonly Reader[]): Promise<void> =>
  verifyAccess(askingKafka(config), aclsOf(config, uses, routes), userOf(config))

/** The same as faults, one for each. */
export const accessFaults = async (config: Config, uses: readonly AclUse[], routes: readonly Reader[]): Promise<string[]> => {
  const missing = await missingAcls(askingKafka(config), aclsOf(config, uses, routes))
  return missing.map(
    (acl) =>
      `Kafka does not allow ${userOf(config)} ${formatAcl(acl)} (${acl.why}): \`tsuchi acls\` prints the command that adds the ACL`,
  )
}

const userOf = ({ kafka: { sasl } }: Config): string => (sasl ? `user ${sasl.username}` : 'this user')

const askingKafka = (config: Config) => createKafka(connectionOf(config, 'access'), UNHEARD, START_RETRY)

/** Every answer to these questions is a refusal, and kafkajs would log it as an error. */
const UNHEARD: KafkaLog = {
  routine: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}
