import { AssignerProtocol, type PartitionAssigner } from 'kafkajs'
import { NEWEST_FORMAT } from './internal-records.ts'

/** Gives partition p of several topics to the same member, and leaves it with whoever has it, as long as nobody has two more than
 *  another. Members claim what they hold by the offset of their epoch marker; the highest claim wins, so that one who was stopped for
 *  a while and comes back with old claims loses them. */
export const coPartitionAssigner =
  (options: {
    /** Fixed when the topics were created. */
    readonly partitions: number
    /** Asked at every join: what this member holds, partition → epoch. */
    readonly claims: () => ReadonlyMap<number, number>
  }): PartitionAssigner =>
  () => ({
    name: NAME,
    version: VERSION,
    protocol: ({ topics }) => ({
      name: NAME,
      metadata: AssignerProtocol.MemberMetadata.encode({
        version: VERSION,
        topics,
        userData: Buffer.from(JSON.stringify({ ...Object.fromEntries(options.claims()), [FORMAT]: NEWEST_FORMAT })),
      }),
    }),
    assign: async ({ members, topics }) => {
      const claims = members.map(({ memberId, memberMetadata }) => ({ member: memberId, claims: claimsIn(memberMetadata) }))
      return [...shareOut(options.partitions, claims)].map(([memberId, held]) => ({
        memberId,
        memberAssignment: AssignerProtocol.MemberAssignment.encode({
          version: VERSION,
          assignment: Object.fromEntries(topics.map((topic) => [topic, held])),
          userData: Buffer.alloc(0),
        }),
      }))
    },
  })

const NAME = 'tsuchi-co-partitioned'
const VERSION = 1
/** Beside the partitions, whose names are numbers. */
const FORMAT = 'format'

export interface Claims {
  readonly member: string
  readonly claims: ReadonlyMap<number, number>
}

/** Who gets which partitions. Pure: the leader of the group decides for all. */
export const shareOut = (partitions: number, members: readonly Claims[]): ReadonlyMap<string, number[]> => {
  const order = members.map(({ member }) => member).sort()
  const least = Math.floor(partitions / order.length)
  let withOneMore = partitions % order.length
  const held = new Map<string, number[]>(order.map((member) => [member, []]))
  const free: number[] = []
  for (let partition = 0; partition < partitions; partition++) {
    const holder = holderOf(partition, members)
    const mine = holder === undefined ? undefined : held.get(holder)
    if (mine && mine.length < least) mine.push(partition)
    else if (mine && mine.length === least && withOneMore > 0) {
      mine.push(partition)
      withOneMore--
    } else free.push(partition)
  }
  for (const partition of free) {
    const [, emptiest] = [...held].reduce((a, b) => (b[1].length < a[1].length ? b : a))
    emptiest.push(partition)
  }
  return held
}

const holderOf = (partition: number, members: readonly Claims[]): string | undefined => {
  let holder: { member: string; epoch: number } | undefined
  for (const { member, claims } of members) {
    const epoch = claims.get(partition)
    if (epoch !== undefined && (!holder || epoch > holder.epoch)) holder = { member, epoch }
  }
  return holder?.member
}

/** A member whose data cannot be read claims nothing: it may be of another version. */
const claimsIn = (memberMetadata: Buffer): ReadonlyMap<number, number> => {
  const epochs = Object.entries(userDataIn(memberMetadata)).map(([name, epoch]) => [Number(name), Number(epoch)] as const)
  return new Map(epochs.filter(([partition, epoch]) => Number.isSafeInteger(partition) && Number.isSafeInteger(epoch)))
}

/** The newest format of internal records that a member knows. One that does not say knows only the first. */
export const newestFormatIn = (memberMetadata: Buffer): number => {
  const format = userDataIn(memberMetadata)[FORMAT]
  return typeof format === 'number' && Number.isSafeInteger(format) ? format : 1
}

const userDataIn = (memberMetadata: Buffer): Readonly<Record<string, unknown>> => {
  try {
    const userData = AssignerProtocol.MemberMetadata.decode(memberMetadata)?.userData
    const said: unknown = userData && userData.length > 0 ? JSON.parse(userData.toString()) : {}
    return typeof said === 'object' && said !== null ? (said as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
