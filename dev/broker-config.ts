export interface BrokerAddresses {
  /** Where clients find the broker. */
  readonly advertised: { readonly host: string; readonly port: number }
  /** Where it listens; the same, except in a container. */
  readonly listenHost: string
  readonly controllerPort: number
  readonly internalPort: number
}

/** One node that is broker and controller, laid out for quick starts and small machines. */
export const brokerConfig = ({ advertised, listenHost, controllerPort, internalPort }: BrokerAddresses) => ({
  'process.roles': 'broker,controller',
  'node.id': '1',
  'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
  'controller.listener.names': 'CONTROLLER',
  // The broker also calls itself (transaction markers), and in a container the advertised address is not its own.
  'inter.broker.listener.name': 'INTERNAL',
  listeners: `PLAINTEXT://${listenHost}:${advertised.port},INTERNAL://127.0.0.1:${internalPort},CONTROLLER://127.0.0.1:${controllerPort}`,
  'advertised.listeners': `PLAINTEXT://${advertised.host}:${advertised.port},INTERNAL://127.0.0.1:${internalPort}`,
  'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT',

  // A product that must be told when a topic is missing is not tested on a broker that makes it up.
  'auto.create.topics.enable': 'false',
  'default.replication.factor': '1',
  'min.insync.replicas': '1',
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '5',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'transaction.state.log.num.partitions': '5',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',

  // Tests wait for these: 3 s, 6 s, 10 s, 15 s and 9 s by default. The last is how long a killed broker keeps its next life waiting.
  'group.initial.rebalance.delay.ms': '0',
  'group.min.session.timeout.ms': '1000',
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '1000',
  'log.cleaner.backoff.ms': '500',
  'broker.session.timeout.ms': '4000',
  'broker.heartbeat.interval.ms': '1000',
  // 128 MB by default, a quarter of the heap. 32 MB still hold the keys of some 1.2 million records per pass.
  'log.cleaner.dedupe.buffer.size': '33554432',
})

/** Name → password. Of letters and digits: they go into a JAAS line as they are. */
export type GuardedUsers = Readonly<Record<string, string>>

/** Laid over the usual configuration: a further listener where users show a password, and nobody may do what no ACL allows. Who comes by
 *  a usual listener, as the broker itself does, may do everything. */
export const guardedListener = (
  usual: ReturnType<typeof brokerConfig>,
  { host, port }: { readonly host: string; readonly port: number },
  users: GuardedUsers,
) => ({
  listeners: `${usual.listeners},GUARDED://${host}:${port}`,
  'advertised.listeners': `${usual['advertised.listeners']},GUARDED://${host}:${port}`,
  'listener.security.protocol.map': `${usual['listener.security.protocol.map']},GUARDED:SASL_PLAINTEXT`,
  'listener.name.guarded.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
  'listener.name.guarded.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required ${Object.entries(
    users,
  )
    .map(([name, password]) => `user_${name}="${password}"`)
    .join(' ')};`,
  'listener.name.guarded.scram-sha-256.sasl.jaas.config': SCRAM,
  'listener.name.guarded.scram-sha-512.sasl.jaas.config': SCRAM,
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'allow.everyone.if.no.acl.found': 'false',
  'super.users': 'User:ANONYMOUS',
})

const SCRAM = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
