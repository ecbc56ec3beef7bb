import type { Kafka } from 'kafkajs'
import { type Acl, formatAcl } from './acls.ts'
import { deniedOf } from './denied.ts'
import { type InnerBroker, innerClusterOf } from './inner-cluster.ts'

/** The brokers do not allow what is needed. Names every missing ACL, and how to add them. */
export class AccessError extends Error {
  override readonly name = 'AccessError'
  readonly missing: readonly Acl[]

  constructor(missing: readonly Acl[], user: string) {
    super(
      `Kafka does not allow ${user} what is needed. \`tsuchi acls\` prints the commands that add these ACLs:\n${missing.map((acl) => `  - ${formatAcl(acl)}: ${acl.why}`).join('\n')}`,
    )
    this.missing = missing
  }
}

/** Throws AccessError for those of the ACLs that are missing. */
export const verifyAccess = async (kafka: Kafka, acls: readonly Acl[], user: string): Promise<void> => {
  const missing = await missingAcls(kafka, acls)
  if (missing.length > 0) throw new AccessError(missing, user)
}

/** Those of the ACLs that the brokers do not grant to this client. Asks for each, with a request that authorizers refuse by the ACL, and that
 *  is refused, if they do not, because it names a partition, member or producer that does not exist: nothing is read, written or joined.
 *  Brokers without an authorizer grant everything. */
export const missingAcls = async (kafka: Kafka, acls: readonly Acl[]): Promise<readonly Acl[]> => {
  const cluster = innerClusterOf(kafka)
  await cluster.connect()
  try {
    await cluster.refreshMetadata()
    const broker = await cluster.findControllerBroker()
    const denied = await Promise.all(acls.map((acl) => isDenied(() => ask(broker, acl))))
    return acls.filter((_, place) => denied[place])
  } finally {
    await cluster.disconnect()
  }
}

const isDenied = async (attempt: () => Promise<unknown>): Promise<boolean> => {
  try {
    await attempt()
    return false
  } catch (error) {
    if (deniedOf(error) !== undefined) return true
    // Of the rest only what came from a broker is an answer.
    if (error instanceof Error && (error.name === 'KafkaJSProtocolError' || error.name === 'KafkaJSAggregateError')) return false
    throw error
  }
}

/** Brokers count partitions from 0 on, and have a few thousand at most. */
const NO_PARTITION = 2_147_483_647
const NOBODY = 'nobody'

const ask = (broker: InnerBroker, { resource, pattern, operation, name }: Acl): Promise<unknown> => {
  const asked = pattern === 'prefixed' ? `${name}${NOBODY}` : name
  if (resource === 'group' && operation === 'Describe') return broker.describeGroups({ groupIds: [asked] })
  if (resource === 'group') return broker.heartbeat({ groupId: asked, groupGenerationId: 0, memberId: NOBODY })
  if (resource === 'transactional-id')
    return broker.endTxn({ transactionalId: asked, producerId: '0', producerEpoch: 0, transactionResult: false })
  switch (operation) {
    case 'Read':
      return broker.fetch({
        maxWaitTime: 0,
        topics: [{ topic: asked, partitions: [{ partition: NO_PARTITION, fetchOffset: '0', maxBytes: 1 }] }],
      })
    case 'Write': {
      const messages = [{ key: null, value: null, headers: {}, timestamp: '0' }]
      return broker.produce({
        topicData: [{ topic: asked, partitions: [{ partition: NO_PARTITION, firstSequence: 0, messages }] }],
      })
    }
    case 'Describe':
      return broker.metadata([asked])
    case 'DescribeConfigs':
      return broker.describeConfigs({ resources: [{ type: TOPIC, name: asked, configNames: ['cleanup.policy'] }] })
    case 'Create':
      return broker.createTopics({
        validateOnly: true,
        topics: [{ topic: asked, numPartitions: 1, replicationFactor: 1, configEntries: [] }],
      })
  }
}

const TOPIC = 2
