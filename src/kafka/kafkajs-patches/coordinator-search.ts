import { deniedOf } from '../denied.ts'
import { patchClass } from './inner-class.ts'

/** Wrong in kafkajs 2.2.4: when no broker answers the question who coordinates a group, it throws an error that it takes for final. A
 *  consumer that rejoins just then ends for good, and the worker with it (seen: every worker of a fleet, at an orderly restart of the
 *  brokers during a rebalance).
 *
 *  Mended: it passes, like any refused connection; marked so, kafkajs's own retries take it. It does not pass when the brokers do answer, and do
 *  not allow this user to know: kafkajs forgets that, and it is asked for once more (seen: a worker without the ACL of its group tried for
 *  ever).
 *
 *  Held by test/unit/kafkajs-patches.test.ts, “a search for the coordinator that no broker answers”. */
export const patchCoordinatorSearch = (): void =>
  patchClass<Cluster>('kafkajs/src/cluster', (prototype) => {
    const { findGroupCoordinatorMetadata } = prototype
    prototype.findGroupCoordinatorMetadata = async function (asked) {
      try {
        return await findGroupCoordinatorMetadata.call(this, asked)
      } catch (error) {
        if (!(error instanceof Error && error.name === 'KafkaJSGroupCoordinatorNotFound')) throw error
        throw (await denialBy(this, asked)) ?? Object.assign(error, { retriable: true, code: 'ECONNREFUSED' })
      }
    }
  })

const denialBy = async (cluster: Cluster, asked: object): Promise<unknown> => {
  try {
    const broker = await cluster.findControllerBroker()
    await broker.findGroupCoordinator(asked)
  } catch (error) {
    if (deniedOf(error) !== undefined) return error
  }
  return undefined
}

interface Cluster {
  findGroupCoordinatorMetadata(asked: object): Promise<unknown>
  findControllerBroker(): Promise<{ findGroupCoordinator(asked: object): Promise<unknown> }>
}
