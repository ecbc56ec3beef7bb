import { randomUUID } from 'node:crypto'
import type { Kafka } from 'kafkajs'
import type { Config } from '../config.ts'
import type { Route } from '../intake/route.ts'
import { routeFor } from '../intake/routes.ts'
import { openEventProducer, type ProducedPlace } from '../kafka/event-producer.ts'
import { createRegistry } from '../kafka/event-reader.ts'
import { nearest } from '../nearest.ts'
import { freshEvent } from './fresh-event.ts'
import { ProduceError } from './produce-error.ts'

export interface Production {
  readonly event: object
  /** Name of the route that the event is for. */
  readonly route: string
  /** Of the record, as given. */
  readonly headers: ReadonlyMap<string, string>
  readonly key: string | null
  /** As if it happened now, and had never been produced. */
  readonly fresh: boolean
  /** Somebody knows that people may get it. */
  readonly confirmed: boolean
}

/** Puts one event into the topic of its route, as the team that owns it would: for trying things out. Throws ProduceError; nothing has been
 *  produced then. */
export const produceEvent = async (
  {
    config,
    routes,
    kafka,
    now,
  }: { readonly config: Config; readonly routes: readonly Route[]; readonly kafka: Kafka; readonly now: number },
  production: Production,
): Promise<ProducedPlace> => {
  const route = routeNamed(production.route, routes)
  refuseByAccident(config, route, production.confirmed)
  const producer = await openEventProducer({ kafka, registry: createRegistry(config.registry), route })
  try {
    const event = production.fresh ? freshEvent(production.event, route, { now, id: randomUUID() }) : production.event
    refuseLost(route, producer.recordName, production.headers, routes)
    return await producer.produce({ event, headers: production.headers, key: production.key })
  } finally {
    await producer.close()
  }
}

const routeNamed = (name: string, routes: readonly Route[]): Route => {
  const route = routes.find(({ id }) => id === name)
  if (route) return route
  const known = nearest(
    name,
    routes.map(({ id }) => id),
  )
  throw new ProduceError(`there is no route ${name}: name one with --route, such as ${known.join(', ')}`)
}

/** The events of production come from those who own them; a made-up one would ring somebody's phone. */
const refuseByAccident = ({ environment, channels, file }: Config, route: Route, confirmed: boolean): void => {
  if (environment !== 'development')
    throw new ProduceError(
      `${file} says environment: ${environment}, where events come from those who own them. \`tsuchi produce\` is for trying things out: use a configuration with environment: development`,
    )
  if (route.kind !== 'notify' || confirmed) return
  const channel = channels[route.channel]
  if (channel?.provider === 'line' && channel.mode !== 'shadow')
    throw new ProduceError(
      `people may get this: channel ${route.channel} of route ${route.id} reaches LINE (provider: line, mode: ${channel.mode}). Use the simulator (provider: line-simulator), or mode: shadow; or give --yes`,
    )
}

/** No header is made up: a record that does not find its route as it is would not find it in production either. */
const refuseLost = (route: Route, recordName: string, given: ReadonlyMap<string, string>, routes: readonly Route[]): void => {
  const ceType = given.get('ce_type')
  const found = routeFor(routes, { topic: route.topic, ceType, recordName })
  if (found === route) return
  const elsewhere = found ? `route ${found.id}` : 'no route'
  throw new ProduceError(
    ceType === undefined
      ? `as a record ${recordName} without the header ce_type it would go to ${elsewhere}, not to ${route.id}, whose event is ${route.event}: correct that event, or give --header ce_type=${route.event} if its producers write it`
      : `with the header ce_type as given it would go to ${elsewhere}, not to ${route.id}: leave it out, or give ce_type=${route.event}`,
  )
}
