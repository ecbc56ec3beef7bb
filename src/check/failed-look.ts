import { ConfigError } from '../config.ts'
import { formatFault } from '../intake/route-fault.ts'
import { RoutesError } from '../intake/routes-error.ts'
import { isMute, MUTE_REMEDY } from '../kafka/client.ts'
import { deniedOf, remedyOf } from '../kafka/denied.ts'
import { NewerFormatError } from '../kafka/partition-formats.ts'
import { SchemaError } from '../kafka/published-schemas.ts'
import { RegistryError } from '../kafka/registry-error.ts'
import { ScanError } from '../kafka/topic-scan.ts'
import { TopicsError } from '../kafka/topics.ts'

/** A look that took too long. */
export class LookTimeout extends Error {
  override readonly name = 'LookTimeout'
}

const SELF_EXPLAINING = [SchemaError, RegistryError, LookTimeout, ScanError, NewerFormatError]

/** What a look that failed has to say, so that the others still run. Throws again what is a fault of ours. */
export const faultsOfFailure = (error: unknown): readonly string[] => {
  if (error instanceof ConfigError || error instanceof TopicsError) return error.faults
  if (error instanceof RoutesError) return error.faults.map(formatFault)
  if (error instanceof Error && SELF_EXPLAINING.some((kind) => error instanceof kind)) return [error.message]
  if (isMute(error)) return [`kafka.brokers: what is there took the connection, and did not answer as a broker: ${MUTE_REMEDY}`]
  if (error instanceof Error && error.name.startsWith('KafkaJS')) return [kafkaFault(error)]
  throw error
}

const kafkaFault = (error: Error): string => {
  const denied = deniedOf(error)
  return denied === undefined
    ? `the brokers could not be asked (${error.message.trim()}). ${remedyOf(error)}`
    : `not looked at: the brokers do not allow it to this user (an ACL on a ${denied}). See "access"`
}
