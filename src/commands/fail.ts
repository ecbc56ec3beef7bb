import { remedyOf } from '../kafka/denied.ts'

/** Ends the process. Faults that somebody can mend say how, in their message; anything else is ours, and shows where. */
export const fail = (error: unknown): never => {
  const known = error instanceof Error && (error.constructor !== Error || error.name.startsWith('KafkaJS'))
  if (!(error instanceof Error)) console.error(String(error))
  else if (error.name.startsWith('KafkaJS')) console.error(`Kafka: ${error.message}\n${remedyOf(error)}`)
  else console.error(known ? error.message : error.stack)
  process.exit(1)
}
