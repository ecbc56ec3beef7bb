import { perform } from './faults/perform.ts'
import type { Act, Lane } from './schedule.ts'
import type { Effect, World } from './world.ts'

/** What was done, and what was seen of it. */
export interface Done {
  readonly kind: Act['kind']
  /** When it was to begin, and when it did, ms from the start of the production. */
  readonly due: number
  readonly began: number
  readonly ended: number
  readonly effect: Effect
  /** It could not be done, or not to its end. */
  readonly failed: boolean
}

export interface Acts {
  /** What is being done just now. */
  readonly current: () => readonly Act[]
  readonly done: readonly Done[]
  readonly whenOver: Promise<void>
}

/** Does each act at its time, or as soon as the one before it in its lane is over. */
export const performAll = (
  acts: readonly Act[],
  { world, startsAt, say }: { readonly world: World; readonly startsAt: number; readonly say: (line: string) => void },
): Acts => {
  const current = new Set<Act>()
  const done: Done[] = []
  const sinceStart = () => world.now() - startsAt

  const performOne = async (act: Act): Promise<void> => {
    await world.pause(act.at - sinceStart())
    const began = sinceStart()
    current.add(act)
    const attempt = await perform(act, world).then(
      (effect) => ({ effect, failed: false }),
      (fault: unknown) => ({ effect: fault instanceof Error ? fault.message : String(fault), failed: true }),
    )
    current.delete(act)
    done.push({ kind: act.kind, due: act.at, began, ended: sinceStart(), ...attempt })
    say(`${act.kind}${attempt.failed ? ' FAILED' : ''}: ${attempt.effect}`)
  }
  const performLane = async (lane: Lane): Promise<void> => {
    for (let left = acts.filter((each) => each.lane === lane); left.length > 0; ) {
      // It is of no use later; the others are. Acts take longer than they should on a busy machine.
      const timed = left.find((act) => act.kind === 'freeze-into-quiet')
      const next = timed && sinceStart() + (left[0]?.lastsMs ?? 0) > timed.at ? timed : left[0]
      if (next) await performOne(next)
      left = left.filter((act) => act !== next)
    }
  }
  return {
    current: () => [...current],
    done,
    whenOver: Promise.all((['workers', 'cluster', 'line', 'events'] as const).map(performLane)).then(() => undefined),
  }
}
