import type { Deed } from '../schedule.ts'
import type { Effect, World } from '../world.ts'
import { jumpClock, pauseMachine } from './clocks.ts'
import { restartBroker, takeRegistryAway } from './cluster.ts'
import { fanOutAndKill, loseGroupOffsets, slowSync } from './kafka.ts'
import { endLine, failLine, failWebhooks } from './line.ts'
import { damageStore } from './stores.ts'
import { freeze, freezeIntoQuiet, kill, restart, scale } from './workers.ts'

/** Does it, and waits until it is over. @throws when it could not be done. */
export const perform = (deed: Deed, world: World): Promise<Effect> => {
  switch (deed.kind) {
    case 'kill':
      return kill(deed, world)
    case 'freeze':
      return freeze(deed, world)
    case 'freeze-into-quiet':
      return freezeIntoQuiet(deed, world)
    case 'restart':
      return restart(deed, world)
    case 'scale':
      return scale(deed, world)
    case 'store':
      return damageStore(deed, world)
    case 'group-offsets':
      return loseGroupOffsets(world)
    case 'clock':
      return jumpClock(deed, world)
    case 'machine-pause':
      return pauseMachine(deed, world)
    case 'slow-sync':
      return slowSync(deed, world)
    case 'fan-out':
      return fanOutAndKill(deed, world)
    case 'broker':
      return restartBroker(deed, world)
    case 'registry':
      return takeRegistryAway(deed, world)
    case 'line':
      return failLine(deed, world)
    case 'line-outage':
      return endLine(deed, world)
    case 'webhook':
      return failWebhooks(deed, world)
  }
}

/** The deed of one kind. */
export type DeedOf<Kind extends Deed['kind']> = Extract<Deed, { readonly kind: Kind }>
