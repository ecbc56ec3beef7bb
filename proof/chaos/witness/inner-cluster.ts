import type { Kafka } from 'kafkajs'

/** Single requests to brokers, which kafkajs offers to nobody: through its inner cluster, as `Kafka` itself makes it. A witness must know
 *  how far it has read, beyond markers and what was aborted, and its consumers do not say. */
export const innerClusterOf = (kafka: Kafka): InnerCluster => {
  const symbol = Object.getOwnPropertySymbols(kafka).find(({ description }) => description === 'private:Kafka:createCluster')
  const create: unknown = symbol && Reflect.get(kafka, symbol)
  if (typeof create !== 'function') throw new Error('this kafkajs has no inner cluster where the witness looks for it')
  return create({ metadataMaxAge: 300_000, allowAutoTopicCreation: false }) as InnerCluster
}

/** Of kafkajs's src/cluster/index.js and src/broker/index.js, what is used here. */
export interface InnerCluster {
  connect(): Promise<void>
  disconnect(): Promise<void>
  refreshMetadata(): Promise<void>
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number; readonly leader: number }[]
  findBroker(wanted: { readonly nodeId: string }): Promise<InnerBroker>
}

export interface InnerBroker {
  fetch(request: object): Promise<{
    readonly responses: readonly { readonly topicName: string; readonly partitions: readonly FetchedPartition[] }[]
  }>
}

export interface FetchedPartition {
  readonly partition: number
  readonly highWatermark: string
  readonly lastStableOffset: string
  readonly abortedTransactions?: readonly { readonly producerId: string; readonly firstOffset: string }[]
  readonly messages: readonly RawRecord[]
}

export interface RawRecord {
  readonly offset: string
  readonly timestamp: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>
  readonly isControlRecord?: boolean
  readonly batchContext?: {
    readonly firstOffset?: string
    readonly lastOffsetDelta?: number
    readonly producerId: string
    readonly inTransaction: boolean
  }
}
