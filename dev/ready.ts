import { setTimeout as delay } from 'node:timers/promises'
import { Kafka } from 'kafkajs'
import { patchKafkajs } from '../src/kafka/kafkajs-patches.ts'

export interface Patience {
  readonly withinMs: number
  readonly signal?: AbortSignal
}

const ASK_EVERY_MS = 100

/** Asks until `whyNot` has no objection left. @throws with the last objection once the time is over, or what it throws itself. */
export const until = async (whyNot: () => Promise<string | undefined>, { withinMs, signal }: Patience): Promise<void> => {
  const end = performance.now() + withinMs
  for (;;) {
    signal?.throwIfAborted()
    const objection = await whyNot()
    if (objection === undefined) return
    if (performance.now() > end) throw new Error(`${objection}, for ${Math.round(withinMs / 1000)} s`)
    await delay(ASK_EVERY_MS, undefined, { ...(signal && { signal }) })
  }
}

/** @param clusterId when given, only that cluster counts: another stack may have been quicker to take the port. */
export const whyBrokersDoNotAnswer = async (brokers: string[], clusterId?: string): Promise<string | undefined> => {
  patchKafkajs()
  const kafka = new Kafka({
    brokers,
    clientId: 'tsuchi-dev',
    connectionTimeout: 1000,
    requestTimeout: 3000,
    retry: { retries: 0 },
    logCreator: () => () => {},
  })
  const admin = kafka.admin()
  try {
    await admin.connect()
    const cluster = await admin.describeCluster()
    if (cluster.brokers.length === 0) return 'no broker has joined'
    return clusterId === undefined || cluster.clusterId === clusterId
      ? undefined
      : `another cluster answers: ${cluster.clusterId}`
  } catch (fault) {
    return fault instanceof Error ? fault.message : String(fault)
  } finally {
    await admin.disconnect()
  }
}

/** Like the above, for the registry: a reason while it does not answer. */
export const whyRegistryDoesNotAnswer = async (registryUrl: string): Promise<string | undefined> => {
  try {
    const answer = await fetch(`${registryUrl}/subjects`, { signal: AbortSignal.timeout(3000) })
    await answer.arrayBuffer()
    return answer.ok ? undefined : `GET /subjects answers ${answer.status}`
  } catch (fault) {
    return fault instanceof Error ? fault.message : String(fault)
  }
}
