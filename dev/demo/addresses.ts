/** Where things are, for whoever wants to look at them. */
export interface Addresses {
  readonly brokers: readonly string[]
  readonly registryUrl: string
  readonly simulatorUrl: string
  readonly workerUrl: string
  readonly webhookUrl: string
  readonly workerLog: string
  readonly results: string
}

export const formatAddresses = ({
  brokers,
  registryUrl,
  simulatorUrl,
  workerUrl,
  webhookUrl,
  workerLog,
  results,
}: Addresses): string => `\
Left running until Ctrl-C
  Kafka     ${brokers.join(',')}
  registry  ${registryUrl}
  results   kcat -C -e -b ${brokers[0]} -X isolation.level=read_committed -t ${results} -f '%k %h\\n'
            (the values are Avro, with the schema in the registry)
  worker    ${workerUrl}/readyz and /metrics; its clock is a day ahead
  webhook   ${webhookUrl}
  LINE      curl '${simulatorUrl}/_simulator/log?limit=10', and ${simulatorUrl}/_simulator for what else there is
  log       ${workerLog}`

export const NEXT_STEPS = `\
What to look at next
  npm run demo -- --keep    the same, left running: the results topic, /metrics, what LINE has seen
  README.md                 how to run it with your own Kafka and channel
  docs/                     before you start, producing events, consuming results, operating
  routes/                   how an event becomes a message, as data
  schemas/results/          every field of a result, and what each status means`
