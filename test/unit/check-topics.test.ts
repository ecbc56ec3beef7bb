import { expect, test } from 'vitest'
import { keepingFindings } from '../../src/check/event-topics.ts'
import { ownTopicFindings } from '../../src/check/topic-rules.ts'
import type { TopicSetting } from '../../src/kafka/topic-facts.ts'
import { topicNames } from '../../src/kafka/topics.ts'
import { billRoute } from './route-folder.ts'

type Settings = Partial<Readonly<Record<TopicSetting, string>>>

const NAMES = topicNames('tsuchi')
const DAY = 86_400_000

/** As `tsuchi topics create` makes them on three brokers. */
const SOUND: Settings = {
  'delete.retention.ms': String(DAY),
  'max.compaction.lag.ms': String(DAY),
  'min.cleanable.dirty.ratio': '0.2',
  'min.insync.replicas': '2',
  'retention.bytes': '-1',
  'retention.ms': String(30 * DAY),
  'segment.ms': '3600000',
  'unclean.leader.election.enable': 'false',
}

const found = (name: keyof typeof NAMES, settings: Settings = {}, { replicas = 3, production = true } = {}) =>
  ownTopicFindings(
    NAMES,
    NAMES[name],
    { partitions: 3, replicas, settings: new Map(Object.entries({ ...SOUND, ...settings })) },
    { production, broker: 'broker-1:9092', longestWindowMs: 14 * DAY },
  )

const setIt = (topic: string, setting: string) =>
  `Set it: kafka-configs --bootstrap-server broker-1:9092 --alter --entity-type topics --entity-name ${topic} --add-config ${setting}`

test.each(['requests', 'feedback', 'journal', 'results', 'friendEvents', 'attributions', 'deadLetters', 'optOuts'] as const)(
  '%s as it is created is as it must be',
  (name) => {
    expect(found(name)).toEqual({ faults: [], warnings: [] })
  },
)

test.each<[string, Settings, { replicas?: number }, string]>([
  [
    'fewer than three replicas',
    {},
    { replicas: 2 },
    'tsuchi.results has min.insync.replicas=2 of 2 replicas, and less than all are wanted',
  ],
  [
    'a single replica',
    {},
    { replicas: 1 },
    'tsuchi.results has replication factor 1, and 3 is wanted: brokers that die would take what they alone have. Move it with kafka-reassign-partitions; for new topics set topics.replication: 3',
  ],
  [
    'one replica in sync',
    { 'min.insync.replicas': '1' },
    {},
    `tsuchi.results has min.insync.replicas=1, and 2 is wanted: what only one broker has is taken for written. ${setIt('tsuchi.results', 'min.insync.replicas=2')}`,
  ],
  [
    'all replicas in sync',
    { 'min.insync.replicas': '3' },
    {},
    `tsuchi.results has min.insync.replicas=3 of 3 replicas, and less than all are wanted: while any broker restarts, nothing could be written. ${setIt('tsuchi.results', 'min.insync.replicas=2')}`,
  ],
  [
    'unclean elections',
    { 'unclean.leader.election.enable': 'true' },
    {},
    `tsuchi.results has unclean.leader.election.enable=true, and false is wanted: a broker that missed the newest records could become leader, and they would be gone. ${setIt('tsuchi.results', 'unclean.leader.election.enable=false')}`,
  ],
])('%s would lose results: a fault in production, and nothing in development', (_, settings, facts, fault) => {
  expect(found('results', settings, facts).faults).toContainEqual(expect.stringContaining(fault))
  expect(found('results', settings, { ...facts, production: false })).toEqual({ faults: [], warnings: [] })
})

test.each<[keyof typeof NAMES, Settings, 'faults' | 'warnings', string]>([
  [
    'journal',
    { 'max.compaction.lag.ms': '9223372036854775807' },
    'faults',
    `tsuchi.journal has max.compaction.lag.ms=9223372036854775807, and at most 7 days (604800000) is wanted: what is forgotten of people would stay readable without end. ${setIt('tsuchi.journal', 'max.compaction.lag.ms=86400000')}`,
  ],
  [
    'optOuts',
    { 'max.compaction.lag.ms': '9223372036854775807' },
    'warnings',
    `tsuchi.opt-outs has max.compaction.lag.ms=9223372036854775807, and at most 7 days (604800000) is wanted: what was long replaced or taken back would stay, and every worker reads all of it when it starts. ${setIt('tsuchi.opt-outs', 'max.compaction.lag.ms=86400000')}`,
  ],
  [
    'journal',
    { 'min.cleanable.dirty.ratio': '0.9' },
    'warnings',
    `tsuchi.journal has min.cleanable.dirty.ratio=0.9, and at most 0.5 is wanted: whoever takes a partition over would read much that is long replaced. ${setIt('tsuchi.journal', 'min.cleanable.dirty.ratio=0.2')}`,
  ],
  [
    'journal',
    { 'segment.ms': String(7 * DAY) },
    'warnings',
    `tsuchi.journal has segment.ms=604800000, and no more than its max.compaction.lag.ms is wanted: what lies in a segment that is still open is not compacted. ${setIt('tsuchi.journal', 'segment.ms=3600000')}`,
  ],
  [
    'journal',
    { 'delete.retention.ms': '60000' },
    'warnings',
    `tsuchi.journal has delete.retention.ms=60000, and an hour (3600000) at least is wanted: a store that was not in use for half of that is built anew: after every ordinary stop a worker would read the whole journal. ${setIt('tsuchi.journal', 'delete.retention.ms=86400000')}`,
  ],
  [
    'requests',
    { 'retention.ms': '3600000' },
    'warnings',
    `tsuchi.requests has retention.ms=3600000, and a day (86400000) at least is wanted: what workers could not read for longer than that is gone, and stops them until somebody looks. ${setIt('tsuchi.requests', 'retention.ms=604800000')}`,
  ],
  [
    'feedback',
    { 'retention.bytes': '1000000' },
    'warnings',
    `tsuchi.feedback has retention.bytes=1000000, and no limit (-1) is wanted: of a backlog that is larger the oldest would be gone unread. ${setIt('tsuchi.feedback', 'retention.bytes=-1')}`,
  ],
  [
    'results',
    { 'retention.ms': String(7 * DAY) },
    'warnings',
    `tsuchi.results has retention.ms=604800000, and the longest dedupeWindow of the routes at least is wanted: a duplicate would name a result that is not there any more. ${setIt('tsuchi.results', 'retention.ms=2592000000')}`,
  ],
])('%s with %j: its %s say what is lost, and the command that mends it', (name, settings, weight, message) => {
  expect(found(name, settings)).toEqual({ faults: [], warnings: [], [weight]: [message] })
})

test('what is kept for ever covers every outage', () => {
  expect(found('requests', { 'retention.ms': '-1' })).toEqual({ faults: [], warnings: [] })
})

test('the edges are sound: a day of requests, seven days of lag, an hour of tombstones', () => {
  expect(found('requests', { 'retention.ms': String(DAY) }).warnings).toEqual([])
  const edges = { 'max.compaction.lag.ms': String(7 * DAY), 'segment.ms': String(7 * DAY), 'delete.retention.ms': '3600000' }
  expect(found('journal', edges)).toEqual({ faults: [], warnings: [] })
})

test('settings that may not be read are a fault, and nothing is made up about them', () => {
  const facts = { partitions: 3, replicas: 3, settings: null }
  expect(ownTopicFindings(NAMES, NAMES.journal, facts, { production: true, broker: 'b:1', longestWindowMs: 0 })).toEqual({
    faults: ['tsuchi.journal: its settings may not be read, so they were not looked at. See "access"'],
  })
})

const kept = (retention: string, policy = 'delete') =>
  keepingFindings('bills', [billRoute(['fallback: sms', 'dedupeWindow: P7D\nmaxAge: P2D'])], {
    settings: new Map([
      ['retention.ms', retention],
      ['cleanup.policy', policy],
    ]),
  })

test('events that outlive what a route remembers of them are a fault: replayed, they end as dead letters', () => {
  const remedy = "Lengthen dedupeWindow, or shorten the topic's retention.ms"
  const end = `but route bill remembers them for 168 h only: what is replayed after that ends as a dead letter. ${remedy}`
  expect(kept(String(7 * DAY + 1)).faults).toEqual([`bills keeps records for 168 h, ${end}`])
  expect(kept('-1').faults).toEqual([`bills keeps records for ever, ${end}`])
  expect(kept(String(DAY), 'compact').faults).toEqual([`bills keeps records for ever, ${end}`])
})

test('events that are gone while their route would still send them are a warning: an outage loses them', () => {
  expect(kept(String(DAY))).toEqual({
    faults: [],
    warnings: [
      "bills keeps records for 24 h only, but route bill still sends what is 48 h old (maxAge): what could not be read for so long is gone without a result. Lengthen the topic's retention.ms",
    ],
  })
  expect(kept(String(2 * DAY))).toEqual({ faults: [], warnings: [] })
})
