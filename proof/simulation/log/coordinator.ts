import kafkajs from 'kafkajs'
import { TRANSACTION_TIMEOUT_MS } from '../../../src/kafka/transactional-producer.ts'
import type { PartitionLog, Written } from './partition-log.ts'

/** What brokers know of transactional ids: who holds each, and whether a transaction of theirs is under way. */
export interface Coordinator {
  /** The id is now of this owner, and of nobody else. What the one before had under way is aborted; what they had asked to commit is
   *  committed first. */
  take(id: string, owner: string): Hold
  write(hold: Hold, log: PartitionLog, records: readonly Written[]): number
  /** The request to commit has come: from here on nothing can take that back. */
  prepare(hold: Hold): void
  /** The partitions are told. */
  complete(hold: Hold): void
  /** Aborts what has taken too long, and fences whoever held it. To be asked before anything is read. */
  expire(): void
}

/** Somebody's hold of a transactional id: a producer id and its epoch. */
export interface Hold {
  readonly id: string
  readonly owner: string
}

interface Transaction {
  readonly since: number
  readonly logs: Set<PartitionLog>
  prepared: boolean
}

interface Held {
  /** Undefined: a transaction of theirs timed out, and the brokers let nobody go on with that. */
  hold: Hold | undefined
  underWay: Transaction | undefined
}

export const createCoordinator = (now: () => number): Coordinator => {
  const ids = new Map<string, Held>()

  const end = (held: Held, how: 'commit' | 'abort') => {
    const { underWay } = held
    held.underWay = undefined
    if (underWay) for (const log of underWay.logs) log.end(underWay, how, now())
  }
  const expire = () => {
    for (const held of ids.values()) {
      const { underWay } = held
      if (!underWay || underWay.prepared || now() - underWay.since <= TRANSACTION_TIMEOUT_MS) continue
      end(held, 'abort')
      held.hold = undefined
    }
  }
  const heldBy = (hold: Hold): Held => {
    expire()
    const held = ids.get(hold.id)
    if (held?.hold !== hold) throw oldEpoch(hold, held?.hold)
    return held
  }

  return {
    expire,
    take: (id, owner) => {
      expire()
      const held = ids.get(id) ?? { hold: undefined, underWay: undefined }
      ids.set(id, held)
      end(held, held.underWay?.prepared ? 'commit' : 'abort')
      held.hold = { id, owner }
      return held.hold
    },
    write: (hold, log, records) => {
      const held = heldBy(hold)
      if (held.underWay?.prepared) end(held, 'commit') // brokers let the next one wait until then
      held.underWay ??= { since: now(), logs: new Set(), prepared: false }
      const { underWay } = held
      underWay.logs.add(log)
      const [first] = records.map((record) => log.write(underWay, record))
      if (first === undefined) throw new Error('a batch without records')
      return first
    },
    prepare: (hold) => {
      const { underWay } = heldBy(hold)
      if (!underWay) throw new Error('a commit of nothing')
      underWay.prepared = true
    },
    complete: (hold) => {
      const held = ids.get(hold.id)
      if (held?.hold === hold && held.underWay?.prepared) end(held, 'commit')
    },
  }
}

/** As kafkajs throws it. */
const oldEpoch = ({ id, owner }: Hold, holder: Hold | undefined): Error => {
  const now = holder ? `${holder.owner} holds it now` : 'its transaction has timed out'
  const error = new Error(`${owner} attempted an operation with an old epoch of ${id}: ${now}`)
  return new kafkajs.KafkaJSProtocolError(Object.assign(error, { type: 'INVALID_PRODUCER_EPOCH', code: 47, retriable: false }))
}
