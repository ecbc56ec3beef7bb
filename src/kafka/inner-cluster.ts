import type { Kafka } from 'kafkajs'
import type { SourceHeaders } from '../intake/source-batch.ts'
import { patchKafkajs } from './kafkajs-patches.ts'

/** Single requests, which kafkajs offers to nobody by themselves: they go through its inner cluster, as `Kafka` itself does. Bound to the
 *  version that kafkajs-patches.ts names. */
export const innerClusterOf = (kafka: Kafka): InnerCluster => {
  patchKafkajs()
  const symbol = Object.getOwnPropertySymbols(kafka).find(({ description }) => description === 'private:Kafka:createCluster')
  const create: unknown = symbol && Reflect.get(kafka, symbol)
  if (typeof create !== 'function') throw new Error('kafkajs has no inner cluster where src/kafka/inner-cluster.ts looks for it')
  return create({ metadataMaxAge: 300_000, allowAutoTopicCreation: false }) as InnerCluster
}

/** Of kafkajs 2.2.4's src/cluster/index.js and src/broker/index.js, what is used here. */
export interface InnerCluster {
  connect(): Promise<void>
  disconnect(): Promise<void>
  refreshMetadata(): Promise<void>
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number }[]
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Record<string, number[]>
  findBroker(wanted: { readonly nodeId: string }): Promise<InnerBroker>
  findControllerBroker(): Promise<InnerBroker>
}

export interface InnerBroker {
  listOffsets(request: object): Promise<{
    readonly responses: readonly { readonly partitions: readonly PartitionOffset[] }[]
  }>
  fetch(request: object): Promise<{ readonly responses: readonly { readonly partitions: readonly RawPartition[] }[] }>
  produce(request: object): Promise<unknown>
  heartbeat(request: object): Promise<unknown>
  describeGroups(request: object): Promise<unknown>
  endTxn(request: object): Promise<unknown>
  metadata(topics: readonly string[]): Promise<unknown>
  describeConfigs(request: object): Promise<unknown>
  createTopics(request: object): Promise<unknown>
}

export interface LogRecord {
  readonly offset: string
  readonly timestamp: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: SourceHeaders
}

export interface RawPartition {
  readonly lastStableOffset: string
  readonly abortedTransactions?: readonly { readonly producerId: string; readonly firstOffset: string }[]
  readonly messages: readonly RawRecord[]
}

export interface RawRecord extends LogRecord {
  readonly isControlRecord?: boolean
  readonly batchContext?: {
    readonly firstOffset?: string
    readonly lastOffsetDelta?: number
    readonly producerId: string
    readonly inTransaction: boolean
  }
}

export interface PartitionOffset {
  readonly partition: number
  readonly offset: string
}
