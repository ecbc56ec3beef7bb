import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Config, withoutUndefined } from './config.ts'
import type { Connection } from './kafka/client.ts'

/** The configuration's Kafka as the client wants it. Certificate files count from the configuration file. */
export const connectionOf = ({ kafka: { brokers, clientId, ssl, sasl }, file }: Config, purpose: string): Connection => {
  const read = (path: string | undefined) => (path === undefined ? undefined : readFileSync(resolve(dirname(file), path), 'utf8'))
  return {
    brokers,
    clientId: `${clientId}-${purpose}`,
    ...(sasl && { sasl: { ...sasl } }), // kafkajs keeps things of its own in it
    ssl: typeof ssl === 'boolean' ? ssl : withoutUndefined({ ca: read(ssl.ca), cert: read(ssl.cert), key: read(ssl.key) }),
  }
}
