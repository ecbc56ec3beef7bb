import { setTimeout as pause } from 'node:timers/promises'
import type { Asked, Order, Quiet } from '../../verifier/history.ts'
import type { Confluent } from '../confluent.ts'
import { eventNameOf, ROUTES, type RouteName } from '../inputs/routes.ts'
import { askingOf } from './asked.ts'
import type { Followed } from './follower.ts'
import type { Fields } from './told-events.ts'

/** What was asked for, from the input topics as they are. */
export interface InputTopics {
  readonly topics: readonly string[]
  readonly asked: readonly Asked[]
  readonly orders: readonly Order[]
  take(followed: Followed): Promise<void>
}

/** After so many notifications somebody else may have their turn. */
const PORTION = 500

export const openInputTopics = async (options: {
  readonly confluent: Confluent
  readonly topicOf: (route: RouteName) => string
  readonly quiet: Quiet
}): Promise<InputTopics> => {
  const { confluent, topicOf, quiet } = options
  const routes = new Map(ROUTES.map((route) => [topicOf(route), route]))
  const names = new Map<RouteName, string>()
  for (const route of ROUTES) names.set(route, await eventNameOf(route))
  const asked: Asked[] = []
  const orders: Order[] = []

  return {
    ...{ topics: [...routes.keys()], asked, orders },
    take: async ({ topic, partition, record }) => {
      const route = routes.get(topic)
      if (!route) return
      const { offset, timestamp, headers, value } = record
      const decoded = await confluent.decode(value)
      const { name } = decoded
      const event = name === null ? null : { name, fields: decoded.kind === 'record' ? (decoded.value as Fields) : null }
      const place = { route, topic, partition, offset: Number(offset), timestamp: Number(timestamp) }
      const texts = Object.entries(headers).map(([name, each]): [string, string] => [
        name,
        [each ?? ''].flat()[0]?.toString() ?? '',
      ])
      const asking = askingOf({ ...place, headers: new Map(texts), event }, quiet, (of) => names.get(of) ?? '')
      for (const each of asking.asked) asked.push(each)
      orders.push(...asking.orders)
      if (asking.asked.length > PORTION) await pause()
    },
  }
}
