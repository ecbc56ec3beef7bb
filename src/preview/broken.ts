import type { Config } from '../config.ts'
import type { Message } from '../domain/message.ts'
import type { NotifyingRoute } from '../intake/route.ts'
import { channelRulesOf } from '../stages/channels.ts'

/** A rule that a message breaks: LINE's, or that it must not advertise. */
export interface Broken {
  readonly rule: 'content' | 'advertising'
  readonly property: string
  readonly wanted: string
  readonly found: string
}

/** By the rules of the channel that the route uses, whether it refuses for them or only says so. */
export const brokenBy = (message: Message, route: NotifyingRoute, config: Config): readonly Broken[] => {
  const { violationsOf } = channelRulesOf(config).get(route.channel) ?? route.rules
  return [
    ...violationsOf(message).map(({ property, rule, found }): Broken => ({ rule: 'content', property, wanted: rule, found })),
    ...route.advertisementsIn(message).map(
      ({ property, word }): Broken => ({
        rule: 'advertising',
        property,
        wanted: 'no advertising',
        found: `${word.id}: ${word.says}`,
      }),
    ),
  ]
}
