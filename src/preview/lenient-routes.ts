import { surveyConfigured, undemanding } from '../app.ts'
import type { Config } from '../config.ts'
import type { Route } from '../intake/route.ts'
import { type Fault, formatFault } from '../intake/route-fault.ts'
import { RoutesError } from '../intake/routes-error.ts'
import { reviewOf } from '../stages/channels.ts'

/** The sound routes of a folder in which others may be broken, or still to be reviewed: a preview is how they get there. */
export interface LenientRoutes {
  readonly routes: readonly Route[]
  /** What is wrong with files that are not among them. */
  readonly faults: readonly string[]
  /** What a route's record of LINE's review lacks, or that there is none, and none needed; null: nothing. */
  readonly reviewOf: (route: Route) => string | null
}

/** Throws RoutesError if there is nothing else. */
export const lenientRoutes = (config: Config, now: number): LenientRoutes => {
  const { routes, faults, warnings } = surveyConfigured(undemanding(config), now)
  if (routes.length === 0 && faults.length > 0) throw new RoutesError(faults, routes)
  return {
    routes,
    faults: faults.map(formatFault),
    reviewOf: (route) => {
      const fault = warnings.find(({ file, field }) => file === route.file && field.startsWith('review'))
      if (!fault || route.kind !== 'notify') return null
      return reviewOf(config.channels[route.channel]) === 'none' ? UNNEEDED : wordsOf(fault)
    },
  }
}

const UNNEEDED = "the route has no record of LINE's review of this message, and its channel needs none"

const wordsOf = ({ found, remedy }: Fault): string => `not reviewed: the route has ${found}; ${remedy}`
