import { type ConsumerGroupJoinEvent, Kafka, logLevel } from 'kafkajs'
import { expect, test, vi } from 'vitest'
import { createDispatchGroup } from '../../src/kafka/dispatch-group.ts'
import { joinIntakeGroup } from '../../src/kafka/intake-group.ts'

/* kafkajs's own consumer, of no broker, whose `run` was never called: so it is again once it has been told to leave. */

const JOINED: ConsumerGroupJoinEvent = {
  id: '1',
  type: 'consumer.group_join',
  timestamp: 0,
  payload: {
    duration: 1,
    groupId: 'group',
    isLeader: true,
    leaderId: 'a',
    groupProtocol: 'co-partitions',
    memberId: 'a',
    memberAssignment: { requests: [0, 1], feedback: [0, 1] },
  },
}

const leavingConsumer = () => {
  const kafka = new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId: 'group' })
  const admin = kafka.admin()
  vi.spyOn(kafka, 'consumer').mockReturnValue(consumer)
  vi.spyOn(kafka, 'admin').mockReturnValue(admin)
  vi.spyOn(admin, 'connect').mockResolvedValue()
  for (const step of ['connect', 'subscribe', 'run'] as const) vi.spyOn(consumer, step).mockResolvedValue()
  const listeners: ((event: ConsumerGroupJoinEvent) => void)[] = []
  vi.spyOn(consumer, 'on').mockImplementation((name: string, listener: (event: ConsumerGroupJoinEvent) => void) => {
    if (name === 'consumer.group_join') listeners.push(listener)
    return () => {}
  })
  const askedAdmin = vi.spyOn(admin, 'fetchTopicOffsets')
  return { kafka, askedAdmin, join: () => listeners.forEach((listener) => void listener(JOINED)), consumer }
}

test('kafkajs does not let a consumer be steered that is leaving', () => {
  const { consumer } = leavingConsumer()
  expect(() => consumer.pause([{ topic: 'requests' }])).toThrow('Consumer group was not initialized')
})

test('a consumer of dispatch that has joined while it was leaving takes no partition, and is no fault', async () => {
  const { kafka, join } = leavingConsumer()
  const called: string[] = []
  const group = createDispatchGroup({
    kafka,
    groupId: 'group',
    topics: { requests: 'requests', feedback: 'feedback' },
    partitions: 2,
    claims: () => new Map(),
    onAssigned: () => called.push('assigned'),
    onRecords: () => called.push('records'),
    onHeartbeat: () => called.push('heartbeat'),
    onFatal: () => called.push('fatal'),
  })
  await group.join()
  join()
  expect(called).toEqual([])
})

test('nor does one of intake, which asks for no offsets any more', async () => {
  const { kafka, join, askedAdmin } = leavingConsumer()
  const called: string[] = []
  await joinIntakeGroup({
    kafka,
    groupId: 'group',
    topics: ['requests'],
    requestsTopic: 'requests',
    from: undefined,
    onBatch: async () => void called.push('batch'),
    onReady: () => called.push('ready'),
    onWaiting: () => called.push('waiting'),
    onBegins: () => called.push('begins'),
    onFatal: () => called.push('fatal'),
  })
  join()
  expect(askedAdmin).not.toHaveBeenCalled()
  expect(called).toEqual([])
})
