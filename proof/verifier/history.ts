/** Everything that happened to an installation, as its witnesses saw it, and what was asked of it: all that the verifier knows. Plain data,
 *  gathered from input topics, tsuchi's own topics, LINE's log and whoever watched the workers' sockets; nothing of it comes from the
 *  product's own reckoning, but for what it published.
 *
 *  Times are ms since the epoch on one true clock, that of the witnesses, unless they are called `wall`: those are by the clock of the
 *  worker, which may be wrong. */
export interface History {
  readonly settings: Settings
  /** What must end, each once: by position. */
  readonly asked: readonly Asked[]
  /** Orders that have no results of their own. */
  readonly orders: readonly Order[]
  /** In the order of the topic within a partition. */
  readonly results: readonly ResultSeen[]
  /** Requests and feedback as they lie in the topics, those of aborted transactions left out. */
  readonly inputs: readonly InputSeen[]
  /** All that was ever committed to the journal, before any compaction, in its order within a partition. */
  readonly journal: readonly JournalSeen[]
  /** Offsets of what was set aside by dispatch, as `<requests|feedback>/<partition>/<offset>`, and of what intake could not read, by position. */
  readonly deadLetters: readonly string[]
  /** Requests that left a worker's socket, by whoever watched it. */
  readonly departures: readonly Departure[]
  /** Requests that LINE saw whole. */
  readonly posts: readonly Post[]
  /** How far intake said that it had come, asked now and then. */
  readonly intakePositions: readonly IntakePosition[]
  /** When who owned what, and how it lost it. */
  readonly ownerships: readonly Ownership[]
  /** Sensitive spellings found where they must not be. */
  readonly leaks: readonly Leak[]
  /** In how many bytes they were looked for; left out: nobody counted. */
  readonly searchedBytes?: number
  /** Workers that had work in hand and ended though nobody told them to; left out: nobody watched. */
  readonly endedAlone?: readonly { readonly worker: string; readonly why: string }[]
  /** Memory of each worker over time. */
  readonly memory: readonly MemorySample[]
  /** When the last fault had ended, and when it was looked for the last time. */
  readonly calmFrom: number
  readonly endedAt: number
}

export interface Settings {
  readonly partitions: number
  /** Requests per second, by lane (`<channel>/<endpoint>`). */
  readonly limits: Readonly<Record<string, number>>
  /** Channels on which LINE's delivery events are awaited: `accepted` is not the end there. */
  readonly awaitsReceipts: readonly string[]
  /** By how much a witness may be late or early, ms: 0 where the witness is the world itself. */
  readonly slackMs: number
  /** By how much `committedAt` may be later than the commit itself, ms, where that is more than `slackMs`; null: nobody knows, so no departure
   *  is called too early by it. */
  readonly commitSlackMs?: number | null
  /** Results of what is on its way are not published: false. Absent: they are. */
  readonly progress?: boolean
  /** How long a mark is remembered at least, ms. Absent: for ever, as far as this history goes. */
  readonly marksForMs?: number
  /** How long a committed intention may wait to be started, ms. */
  readonly sendByMs: number
  /** What one killed task may leave behind at most: in flight, awaiting commit, and looked ahead for. */
  readonly mostPerKilledTask: number
  /** By how much a worker's memory may grow after its warm-up, as a share of what it was; and how long that is, ms. */
  readonly memory: { readonly warmUpMs: number; readonly growth: number } | null
}

/** One notification that somebody asked for, or a record that must be refused: as the inputs say, worked out without the product. */
export interface Asked {
  /** `<topic>/<partition>/<offset>/<index>`. */
  readonly position: string
  /** `poison`: a record that nobody can read. `refused`: read, and not to be sent. */
  readonly kind: 'ready' | 'refused' | 'poison'
  /** Equal for what is the same notification: of several with one identity, one is not a duplicate. Null: never is one. */
  readonly identity: string | null
  /** Names the person, the same for all of theirs. */
  readonly recipient: string | null
  readonly channel: string | null
  readonly lane: string | null
  readonly purpose: string | null
  readonly urgent: boolean
  readonly unknownPolicy: 'give-up' | 'resend'
  /** What LINE makes of it once it is asked: `delivered` and `silent` are accepted, `unreachable` is refused. */
  readonly fate: 'delivered' | 'silent' | 'unreachable'
  readonly quiet: Quiet | null
  /** Not to be started at or after this. */
  readonly expiresAt: number | null
  /** It ends `expired` if it is taken in at or after this. Absent or null: never too old. */
  readonly staleAt?: number | null
  /** Of the event: what a cancellation is compared with. */
  readonly eventTime: number
  readonly subject: string | null
  readonly revision: number | null
  /** When it was written to the input topic. */
  readonly producedAt: number
}

/** `[from, until)` in wall-clock time `HH:MM[:SS]` of an IANA zone; wraps midnight if `until` is before `from`. */
export interface Quiet {
  readonly zone: string
  readonly from: string
  readonly until: string
}

export interface Order {
  /** As of what is asked. */
  readonly position: string
  readonly kind: 'cancel' | 'pause' | 'resume'
  /** Of a cancellation. */
  readonly subject: string | null
  readonly cancelledAt: number | null
  /** Of a pause or a resumption. */
  readonly channel: string | null
}

export interface ResultSeen {
  readonly partition: number
  readonly offset: number
  /** When it could be read. */
  readonly seenAt: number
  readonly resultId: string
  readonly notificationId: string
  readonly sequence: number
  readonly status: string
  readonly terminal: boolean
  readonly corrects: string | null
  readonly reason: string | null
  /** `<topic>/<partition>/<offset>/<index>` of its event. */
  readonly position: string
  readonly recipientRef: string | null
  readonly duplicateOf: string | null
  readonly attempts: number
  readonly deliveryTag: string | null
  readonly httpStatus: number | null
  readonly decidedAt: number
}

export interface InputSeen {
  readonly topic: 'requests' | 'feedback'
  readonly partition: number
  readonly offset: number
  /** Of a request that must end: its event's position and its notification. Null: an order, feedback, or unreadable. */
  readonly position: string | null
  readonly notificationId: string | null
  /** Nobody can read it: it must be set aside. Absent: it can be read. */
  readonly unreadable?: boolean
  readonly seenAt: number
}

/** One journal record. All of one transaction stand together: the `position` is the last of them, and an `epoch` stands alone. `committedAt` is when its owner, or whoever read it, knew that it was committed. */
export type JournalSeen = { readonly partition: number; readonly offset: number; readonly committedAt: number } & (
  | { readonly kind: 'epoch' }
  | { readonly kind: 'position'; readonly requests: number; readonly feedback: number }
  | {
      readonly kind: 'entry'
      readonly notificationId: string
      readonly position: string
      /** Offset of its request. */
      readonly arrival: number
      readonly state: string
      readonly recipientRef: string | null
      readonly channel: string | null
      readonly urgent: boolean
      readonly releaseAt: number
      readonly notBefore: number
      readonly resend: boolean
      readonly deliveryTag: string | null
      readonly pastTags: readonly string[]
    }
  | { readonly kind: 'mark'; readonly subject: string; readonly cancelledAt: number | null; readonly revision: number | null }
  /** `probe`: the tag that may go all the same, to see whether the channel works again. Its tombstone is `paused: false`. */
  | { readonly kind: 'pause'; readonly channel: string; readonly paused: boolean; readonly probe?: string | null }
  /** Anything else, tombstones with it. */
  | { readonly kind: 'other'; readonly key: string }
)

export interface Departure {
  readonly at: number
  /** By the clock of the worker: what quiet hours and expiry were judged by. */
  readonly wall: number
  readonly worker: string
  readonly deliveryTag: string
  readonly lane: string
}

export interface Post {
  readonly at: number
  readonly deliveryTag: string
  readonly lane: string
  /** What the client got: an HTTP status, or how it was left without one. */
  readonly answered: number | string
  /** LINE certainly took nothing, and said so in a way that can be believed: 4xx, by its own answer. Counts only if the client got it. */
  readonly certainlyRefused: boolean
  /** LINE has the message. */
  readonly taken: boolean
  /** Something was made to go wrong with it. */
  readonly faulty: boolean
}

export interface IntakePosition {
  readonly askedAt: number
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** The ends of all partitions of `requests`, asked afterwards: what intake had written before. */
  readonly requestEnds: readonly number[]
}

export interface Ownership {
  readonly worker: string
  readonly partition: number
  /** Offset of its epoch marker in the journal: tells its delivery tags from all others. */
  readonly epoch: number
  /** `planned`: an orderly stop or a rebalance among the living. `killed`: kill -9. `stopped`: it stood still for longer than its session. `fault`: Kafka
   *  failed it. `none`: it held it to the end. */
  readonly ended: 'planned' | 'killed' | 'stopped' | 'fault' | 'none'
  readonly endedAt: number | null
}

export interface Leak {
  /** Which spelling, never the value: `digits`, `sha256-hex`, … */
  readonly spelling: string
  /** Such as `log of worker-2`, `tsuchi.results/3/17 value`. */
  readonly place: string
}

export interface MemorySample {
  readonly at: number
  readonly worker: string
  readonly rssBytes: number
}

/** A promise that was not kept. */
export interface Breach {
  /** 1 to 8: see docs/guarantees.md. */
  readonly invariant: Invariant
  readonly what: string
  /** Position, tag, partition: whatever names the case. */
  readonly where: string
}

export type Invariant = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8
