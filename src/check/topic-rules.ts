import type { TopicFacts, TopicSetting } from '../kafka/topic-facts.ts'
import type { TopicNames } from '../kafka/topics.ts'
import type { Findings } from './findings.ts'

/** What the rules depend on beside the topic itself. */
export interface RuleGiven {
  readonly production: boolean
  /** For the commands that set things right. */
  readonly broker: string
  /** The longest dedupeWindow of any route; 0 without routes. */
  readonly longestWindowMs: number
}

/** One of tsuchi's own topics against what it must be like, beside its partitions and clean-up: what is lost if it is not, and the
 *  command that mends it. Pure. */
export const ownTopicFindings = (
  names: TopicNames,
  topic: string,
  { replicas, settings }: TopicFacts,
  given: RuleGiven,
): Omit<Findings, 'looked'> => {
  if (settings === null) return { faults: [`${topic}: its settings may not be read, so they were not looked at. See "access"`] }
  const faults = given.production ? durabilityFaults(topic, replicas, settings, given) : []
  const warnings: string[] = []
  for (const rule of RULES) {
    if (!rule.topics.some((name) => names[name] === topic)) continue
    const found = settings.get(rule.setting)
    const most = rule.setting === 'segment.ms' ? Number(settings.get('max.compaction.lag.ms')) : given.longestWindowMs
    if (found === undefined || rule.sound(Number(found), most)) continue
    const message = `${topic} has ${rule.setting}=${found}, and ${rule.wanted} is wanted: ${rule.why}. ${howToSet(topic, `${rule.setting}=${rule.set(most)}`, given)}`
    if (rule.weight === 'fault') faults.push(message)
    else warnings.push(message)
  }
  return { faults, warnings }
}

interface Rule {
  readonly topics: readonly (keyof TopicNames)[]
  readonly setting: TopicSetting
  readonly weight: 'fault' | 'warning'
  /** `against`: of segments the compaction lag, else the longest window. */
  readonly sound: (found: number, against: number) => boolean
  readonly wanted: string
  readonly why: string
  readonly set: (against: number) => number
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

const RULES: readonly Rule[] = [
  {
    topics: ['requests', 'feedback'],
    setting: 'retention.ms',
    weight: 'warning',
    sound: (found) => found < 0 || found >= DAY_MS,
    wanted: 'a day (86400000) at least',
    why: 'what workers could not read for longer than that is gone, and stops them until somebody looks',
    set: () => 7 * DAY_MS,
  },
  {
    topics: ['requests', 'feedback'],
    setting: 'retention.bytes',
    weight: 'warning',
    sound: (found) => found < 0,
    wanted: 'no limit (-1)',
    why: 'of a backlog that is larger the oldest would be gone unread',
    set: () => -1,
  },
  {
    topics: ['journal'],
    setting: 'max.compaction.lag.ms',
    weight: 'fault',
    sound: (found) => found <= 7 * DAY_MS,
    wanted: 'at most 7 days (604800000)',
    why: 'what is forgotten of people would stay readable without end',
    set: () => DAY_MS,
  },
  {
    topics: ['optOuts'],
    setting: 'max.compaction.lag.ms',
    weight: 'warning',
    sound: (found) => found <= 7 * DAY_MS,
    wanted: 'at most 7 days (604800000)',
    why: 'what was long replaced or taken back would stay, and every worker reads all of it when it starts',
    set: () => DAY_MS,
  },
  {
    topics: ['journal'],
    setting: 'min.cleanable.dirty.ratio',
    weight: 'warning',
    sound: (found) => found <= 0.5,
    wanted: 'at most 0.5',
    why: 'whoever takes a partition over would read much that is long replaced',
    set: () => 0.2,
  },
  {
    topics: ['journal'],
    setting: 'segment.ms',
    weight: 'warning',
    sound: (found, lag) => found <= lag,
    wanted: 'no more than its max.compaction.lag.ms',
    why: 'what lies in a segment that is still open is not compacted',
    set: (lag) => Math.min(HOUR_MS, lag),
  },
  {
    topics: ['journal'],
    setting: 'delete.retention.ms',
    weight: 'warning',
    sound: (found) => found >= HOUR_MS,
    wanted: 'an hour (3600000) at least',
    why: 'a store that was not in use for half of that is built anew: after every ordinary stop a worker would read the whole journal',
    set: () => DAY_MS,
  },
  {
    topics: ['results'],
    setting: 'retention.ms',
    weight: 'warning',
    sound: (found, window) => found < 0 || found >= window,
    wanted: 'the longest dedupeWindow of the routes at least',
    why: 'a duplicate would name a result that is not there any more',
    set: (window) => Math.max(30 * DAY_MS, window),
  },
]

/** What a broker that dies, alone or as the last that had the newest records, would take with it. */
const durabilityFaults = (topic: string, replicas: number, settings: ReadonlyMap<string, string>, given: RuleGiven): string[] => {
  const faults: string[] = []
  if (replicas < 3)
    faults.push(
      `${topic} has replication factor ${replicas}, and 3 is wanted: brokers that die would take what they alone have. Move it with kafka-reassign-partitions; for new topics set topics.replication: 3`,
    )
  const inSync = Number(settings.get('min.insync.replicas'))
  if (inSync < 2)
    faults.push(
      `${topic} has min.insync.replicas=${inSync}, and 2 is wanted: what only one broker has is taken for written. ${howToSet(topic, 'min.insync.replicas=2', given)}`,
    )
  else if (inSync >= replicas && replicas > 1)
    faults.push(
      `${topic} has min.insync.replicas=${inSync} of ${replicas} replicas, and less than all are wanted: while any broker restarts, nothing could be written. ${howToSet(topic, 'min.insync.replicas=2', given)}`,
    )
  if (settings.get('unclean.leader.election.enable') === 'true')
    faults.push(
      `${topic} has unclean.leader.election.enable=true, and false is wanted: a broker that missed the newest records could become leader, and they would be gone. ${howToSet(topic, 'unclean.leader.election.enable=false', given)}`,
    )
  return faults
}

const howToSet = (topic: string, setting: string, { broker }: RuleGiven): string =>
  `Set it: kafka-configs --bootstrap-server ${broker} --alter --entity-type topics --entity-name ${topic} --add-config ${setting}`
