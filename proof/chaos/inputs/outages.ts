import type { Chance } from './chance.ts'
import { type Person, spelt, UNUSABLE } from './people.ts'
import type { Event, Planned, When } from './planned.ts'

const STATUS_PAGE = 'https://status.example.jp/incidents'
const MINUTE = 60_000

/** One incident: its reports, each in chunks and higher than the one before, and that it is over. Some people are named twice in one event,
 *  to be told the same or something else. */
export const outageOf = (people: readonly Person[], chance: Chance): Planned[] => {
  const incidentId = `INC-${chance.uuid().slice(0, 13)}`
  const at = chance.between(0, 0.7)
  const reports = 1 + chance.below(3)
  const told: Planned[] = []
  for (let revision = 1; revision <= reports; revision++) {
    const share = at + (revision - 1) * chance.between(0.02, 0.1)
    told.push(...chunked(people, chance, { incidentId, revision, share }))
  }
  if (chance.happens(0.6))
    told.push(...chunked(people, chance, { incidentId, revision: reports + 1, share: at + 0.3, isOver: true }))
  return told
}

interface Report {
  readonly incidentId: string
  readonly revision: number
  readonly share: number
  readonly isOver?: boolean
}

const chunked = (people: readonly Person[], chance: Chance, report: Report): Planned[] => {
  const size = 100 + chance.below(300)
  const planned: Planned[] = []
  for (let from = 0; from < people.length; from += size) planned.push(noticeOf(people.slice(from, from + size), chance, report))
  // Nobody at all.
  if (chance.happens(0.1)) planned.push(noticeOf([], chance, report))
  return planned
}

/** One event for all of them. */
export const noticeOf = (people: readonly Person[], chance: Chance, { incidentId, revision, share, isOver }: Report): Planned => {
  const affected = people.flatMap((person) => namedIn(person, chance))
  const route = isOver ? 'outage-restored' : 'outage-notice'
  const age = chance.happens(0.02) ? 13 * 60 * MINUTE : chance.between(0, MINUTE)
  const eventId = chance.uuid()
  const event = (when: When): Event => ({
    ...{ eventId, incidentId, revision, area: '川崎市中原区', service: '電気', statusUrl: STATUS_PAGE, affected },
    occurredAt: Math.round(when(share) - age),
    startedAt: Math.round(when(share) - 20 * MINUTE),
    ...(isOver ? { restoredAt: Math.round(when(share) - MINUTE) } : { expectedRestorationAt: null }),
  })
  return {
    ...{ at: share, route, key: null, notifications: Math.max(1, affected.length) },
    content: { kind: 'event', schemaOf: route, event },
  }
}

const namedIn = (person: Person, chance: Chance): Event[] => {
  const { id, timeZone, name } = person
  const once = { id, timeZone, name, phone: chance.happens(0.005) ? chance.oneOf(UNUSABLE) : spelt(person.phone, chance) }
  const again = chance.next()
  // A family with one phone: told the same.
  if (again < 0.01) return [once, { ...once, id: `${id}-family`, phone: spelt(person.phone, chance) }]
  // Under another name: told something else.
  if (again < 0.02) return [once, { ...once, id: `${id}-other`, name: '別の名', phone: spelt(person.phone, chance) }]
  // The same customer twice, with two names.
  if (again < 0.025) return [once, { ...once, name: '別の名' }]
  return [once]
}
