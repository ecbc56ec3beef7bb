import { type Chance, chanceOf } from './chance.ts'
import { outageOf } from './outages.ts'
import { CANARIES, type Person, personOf, spelt } from './people.ts'
import type { Broken, Content, Planned } from './planned.ts'
import { ROUTES } from './routes.ts'
import { STORIES, type Story } from './stories.ts'

/** Notifications that one person gets over the run, about. */
const EACH = 7
/** Share of notifications that outages make. */
const OUTAGES = 0.45
const AGAIN = 0.05
const BROKEN: readonly Broken[] = ['not-framed', 'unknown-schema', 'cut', 'null']

/** Everything that is produced in a run, in order of time: the same for the same seed. */
export const planOf = (seed: number, notifications: number): readonly Planned[] => {
  const chance = chanceOf(seed)
  const people = Array.from({ length: Math.max(CANARIES.length * 4, Math.round(notifications / EACH)) }, (_, n) =>
    personOf(seed, n),
  )
  const planned: Planned[] = []
  let asked = 0
  const plan = (more: readonly Planned[]): void => {
    for (const each of more) {
      const records = chance.happens(AGAIN) ? [each, producedAgain(each, chance)] : [each]
      planned.push(...records)
      asked += records.reduce((sum, record) => sum + record.notifications, 0)
    }
  }
  plan(brokenOf(people, chance))
  const mostInOutage = Math.max(10, Math.min(800, Math.round(notifications / 40)))
  while (asked < notifications * OUTAGES) plan(outageOf(someOf(people, mostInOutage, chance), chance))
  // Whatever else happens to them, something happens to everybody whose number is looked for.
  for (const canary of people.slice(0, CANARIES.length)) for (const [, story] of STORIES) plan(story(canary, chance))
  while (asked < notifications) plan(storyOf(chance)(chance.oneOf(people), chance))
  return planned.map((each) => ({ ...each, at: Math.min(1, Math.max(0, each.at)) })).sort((a, b) => a.at - b.at)
}

const storyOf = (chance: Chance): Story => {
  let left = chance.between(
    0,
    STORIES.reduce((sum, [weight]) => sum + weight, 0),
  )
  for (const [weight, story] of STORIES) {
    left -= weight
    if (left < 0) return story
  }
  throw new RangeError('the weights of the stories do not add up')
}

/** At another place: at once, or after what may be minutes. */
const producedAgain = (each: Planned, chance: Chance): Planned => ({
  ...each,
  key: chance.happens(0.5) ? each.key : chance.uuid(),
  at: each.at + (chance.happens(0.5) ? chance.between(0, 0.005) : chance.between(0.05, 0.3)),
})

const someOf = (people: readonly Person[], most: number, chance: Chance): readonly Person[] => {
  const count = Math.min(people.length, Math.ceil(most / 2) + chance.below(most))
  const first = chance.below(people.length - count + 1)
  return people.slice(first, first + count)
}

/** Poison for every topic, and for each an event of another: nobody wants it there. */
const brokenOf = (people: readonly Person[], chance: Chance): Planned[] => {
  const told = [
    ...STORIES.flatMap(([, story]) => [1, 2, 3, 4, 5, 6].flatMap(() => story(chance.oneOf(people), chance))),
    ...[1, 2, 3].flatMap(() => outageOf(people.slice(0, 3), chance)),
  ]
  const contents = told.flatMap(({ content }) => (content.kind === 'event' ? [content] : []))
  return ROUTES.flatMap((route) => {
    const phone = spelt(chance.oneOf(CANARIES), chance)
    const at = (content: Content): Planned => ({
      ...{ at: chance.next(), route, key: chance.happens(0.3) ? phone : chance.uuid(), notifications: 1, content },
      ...(chance.happens(0.5) && { headers: () => ({ 'x-phone': phone }) }),
    })
    const own = contents.filter(({ schemaOf }) => schemaOf === route)
    const stray = contents.filter(({ schemaOf }) => schemaOf !== route)
    return [
      ...[own, stray].flatMap((among) => BROKEN.map((how) => at({ ...chance.oneOf(among), kind: 'broken', how, phone }))),
      at(chance.oneOf(stray)),
    ]
  })
}
