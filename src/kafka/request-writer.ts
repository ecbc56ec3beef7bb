import type { Kafka } from 'kafkajs'
import { partitionOf } from '../domain/partition.ts'
import { formatPosition } from '../domain/position.ts'
import type { ControlRequest, Request } from '../domain/request.ts'
import type { Seal } from '../domain/seal.ts'
import type { RequestWriter } from '../intake/intake.ts'
import { encodeRequest } from './internal-codec.ts'
import { letterMessage } from './letter-message.ts'
import { plainProducer, sendAll } from './plain-producer.ts'
import type { TopicNames } from './topics.ts'

/** Writes what intake makes: requests by recipient, control requests to every partition, dead letters by position. Plain and acknowledged by all replicas; what is written
 *  twice after a retry is told apart by its position. */
export const openRequestWriter = async (options: {
  readonly kafka: Kafka
  readonly names: TopicNames
  /** Of requests, feedback and journal. */
  readonly partitions: number
  readonly deadLetterPartitions: number
  /** Seals the dead record with its position as associated data; null: its bytes are left out, and it cannot be replayed. */
  readonly seal: Seal | null
  /** That the topics are at. */
  readonly format: number
}): Promise<RequestWriter & { close(): Promise<void> }> => {
  const { names, partitions, deadLetterPartitions, seal } = options
  const producer = plainProducer(options.kafka, { inOrder: true, givesUp: 'soon' })
  await producer.connect()
  return {
    write: (requests) =>
      sendAll(
        producer,
        names.requests,
        requests.flatMap((request) => {
          const value = encodeRequest(request, options.format)
          return placesOf(request, partitions).map((place) => ({ ...place, value }))
        }),
      ),
    bury: (letters) =>
      sendAll(
        producer,
        names.deadLetters,
        letters.map((letter) => letterMessage(letter, { partitions: deadLetterPartitions, seal })),
      ),
    close: () => producer.disconnect(),
  }
}

/** Where a request goes. Control requests go everywhere: whom they concern, nobody knows. */
export const placesOf = (request: Request, partitions: number): { readonly key: string; readonly partition: number }[] => {
  if (request.kind === 'mark' || request.kind === 'channel')
    return Array.from({ length: partitions }, (_, partition) => ({ key: 'control', partition }))
  const key = keyOf(request)
  return [{ key, partition: partitionOf(key, partitions) }]
}

/** All that concerns one person is in one partition; who has no usable phone is known by the customer id; poison by its position. */
const keyOf = (request: Exclude<Request, ControlRequest>): string => {
  switch (request.kind) {
    case 'ready':
      return request.notification.recipientRef
    case 'refused':
      return request.recipientRef ?? request.customerId ?? formatPosition(request.position)
    case 'poison':
      return formatPosition(request.position)
  }
}
