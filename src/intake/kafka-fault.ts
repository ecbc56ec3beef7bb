/** Brokers do not answer, or refuse: what was tried is tried again. Not what is kafkajs's own business, as it rejoins by itself. */
export const isKafkaFault = (error: unknown): error is Error =>
  error instanceof Error && error.name.startsWith('KafkaJS') && !isRebalance(error)

const isRebalance = (error: Error): boolean =>
  'type' in error &&
  (error.type === 'REBALANCE_IN_PROGRESS' || error.type === 'ILLEGAL_GENERATION' || error.type === 'UNKNOWN_MEMBER_ID')
