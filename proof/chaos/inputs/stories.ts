import type { Chance } from './chance.ts'
import { type Person, spelt, UNUSABLE } from './people.ts'
import { type Event, instantText, type Planned, type When } from './planned.ts'
import type { RouteName } from './routes.ts'

/** What happens to one person, and what the company tells of it. Event times lie some seconds or minutes back, or too far. */
export type Story = (person: Person, chance: Chance) => Planned[]

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const TOO_LONG = '電'.repeat(2_000)
const PAGE = 'https://my.example.jp/pages/1'

/** When it happened, counted back from when it is told. */
type Age = number

export const STORIES: readonly (readonly [number, Story])[] = [
  [4, (person, chance) => billed(person, chance)],
  [4, (person, chance) => ordered(person, chance)],
  [4, (person, chance) => reserved(person, chance)],
  [1, (person, chance) => applied(person, chance)],
  [1, (person, chance) => registered(person, chance)],
]

const billed: Story = (person, chance) => {
  const say = teller(person, chance)
  const invoiceId = `INV-${chance.uuid().slice(0, 13)}`
  const at = chance.between(0, 0.8)
  const dueDate = dueDateIn(chance)
  const bill = (share: number, revision: number, age: Age) =>
    say('bill-finalized', share, age, () => ({
      ...{ invoiceId, revision, serviceName: 'さくら電力', billUrl: PAGE, dueDate: '2099-12-31' },
      billingPeriod: chance.happens(0.01) ? '' : '2026年7月ご利用分',
      amountYen: chance.below(30_000),
      directDebitDiscountYen: chance.happens(0.3) ? 55 : null,
    }))
  const told = [bill(at, 1, ageOf(chance, 4 * DAY))]
  if (chance.happens(0.3)) told.push(bill(at + chance.between(-0.02, 0.1), 2, 2 * SECOND))
  told.push(
    say('payment-due', at + chance.between(0, 0.1), ageOf(chance, 2 * DAY), (when, share) => ({
      ...{ invoiceId, amountYen: 12_800, paymentUrl: chance.happens(0.005) ? 'not a page' : PAGE },
      serviceName: chance.happens(0.01) ? TOO_LONG : 'さくら電力',
      dueDate: dueDate(when(share)),
    })),
  )
  if (chance.happens(0.4)) told.push(...calledOff('invoice-settled', { invoiceId }, at, chance))
  if (chance.happens(0.5)) {
    // The till and the bank may both report it, at other times and with events of their own.
    const paymentId = `PAY-${chance.uuid().slice(0, 13)}`
    const reports = chance.happens(0.15) ? 2 : 1
    for (let report = 0; report < reports; report++)
      told.push(
        say('payment-completed', at + chance.between(0.05, 0.2), report === 0 ? 5 * SECOND : MINUTE, (when, share) => ({
          ...{ paymentId, invoiceId, serviceName: 'さくら電力', amountYen: 12_800, receiptUrl: PAGE },
          ...{ paidAt: when(share) - MINUTE, paymentMethod: null },
        })),
      )
  }
  return told
}

const ordered: Story = (person, chance) => {
  const say = teller(person, chance)
  const orderId = `A-${chance.uuid().slice(0, 13)}`
  const at = chance.between(0, 0.75)
  const itemName = chance.happens(0.01) ? '' : 'メガネ（フレーム・レンズ一式）'
  const order = { orderId, itemName, shopName: 'みらい眼鏡 川崎店' }
  const told = [
    say('order-received', at, ageOf(chance, 2 * DAY), () => ({ ...order, amountYen: 24_200, expectedOn: null, orderUrl: PAGE })),
    say('order-shipped', at + chance.between(-0.01, 0.1), ageOf(chance, 2 * DAY), () => ({
      ...order,
      ...{ pickUpShopName: null, expectedOn: '2026-08-10', trackingUrl: PAGE },
    })),
  ]
  const last = at + chance.between(0.1, 0.2)
  if (chance.happens(0.6))
    told.push(say('order-ready', last, ageOf(chance, 4 * DAY), () => ({ ...order, shopUrl: PAGE, orderUrl: PAGE })))
  else {
    const arrives = validFor(chance)
    told.push(
      say('delivery-due', last, ageOf(chance, 13 * HOUR), (when, share) => ({
        ...{ orderId, itemName, changeUrl: PAGE },
        ...{ arrivesFrom: when(share) + arrives, arrivesUntil: when(share) + arrives + 2 * HOUR },
      })),
    )
  }
  return told
}

const reserved: Story = (person, chance) => {
  const say = teller(person, chance)
  const reservationId = `R-${chance.uuid().slice(0, 13)}`
  const at = chance.between(0.02, 0.75)
  const begins = validFor(chance)
  const reservation = {
    reservationId,
    shopName: chance.happens(0.01) ? '' : 'みらい眼鏡 川崎店',
    changeUrl: PAGE,
    cancelUrl: PAGE,
  }
  const confirmed = (share: number, revision: number, age: Age) =>
    say('reservation-confirmed', share, age, (when, shareOf) => ({
      ...{ ...reservation, revision, partySize: chance.happens(0.5) ? 2 : null },
      startsAt: when(shareOf) + begins,
    }))
  const told = [confirmed(at, 1, ageOf(chance, 2 * DAY))]
  // A change may overtake what it changes.
  if (chance.happens(0.4)) told.push(confirmed(at + chance.between(-0.01, 0.05), 2, 3 * SECOND))
  if (chance.happens(0.1)) told.push(confirmed(at + chance.between(0.02, 0.06), 3, SECOND))
  told.push(
    say('reservation-reminder', at + chance.between(0, 0.15), ageOf(chance, 2 * DAY), (when, share) => ({
      ...{ ...reservation, partySize: null },
      startsAt: when(share) + begins,
    })),
  )
  if (chance.happens(0.35)) {
    told.push(...calledOff('reservation-cancelled', { reservationId }, at, chance))
    // Made anew under its old number.
    if (chance.happens(0.2)) told.push(confirmed(at + 0.2, 4, SECOND))
  }
  return told
}

const applied: Story = (person, chance) => {
  const say = teller(person, chance)
  const applicationId = `AP-${chance.uuid().slice(0, 13)}`
  return [
    say('application-completed', chance.between(0, 1), ageOf(chance, 40 * MINUTE), (when, share) => ({
      ...{ applicationId, serviceName: chance.happens(0.01) ? TOO_LONG : 'みらい光', applicationUrl: PAGE },
      appliedAt: when(share) - MINUTE,
    })),
  ]
}

const registered: Story = (person, chance) => {
  const say = teller(person, chance)
  const registrationId = `M-${chance.uuid().slice(0, 13)}`
  return [
    say('registration-completed', chance.between(0, 1), ageOf(chance, 2 * DAY), (when, share) => ({
      ...{ registrationId, serviceName: 'みらい会員', accountUrl: PAGE, contactUrl: PAGE },
      registeredAt: when(share) - MINUTE,
    })),
  ]
}

/** Early, before what it calls off; late, when that may have been sent; while it waits; and some of them twice. */
const calledOff = (route: 'invoice-settled' | 'reservation-cancelled', about: Event, at: number, chance: Chance): Planned[] => {
  const share = at + chance.oneOf([chance.between(-0.02, 0), chance.between(0, 0.01), chance.between(0.05, 0.25)])
  // One that overtakes what it calls off has happened after it all the same, as that is told late.
  const happened = Math.max(share, at)
  const id = chance.uuid()
  const unclear = chance.happens(0.01)
  const event = (when: When) => ({
    ...{ eventId: id, occurredAt: Math.round(when(happened)) },
    ...(unclear ? Object.fromEntries(Object.keys(about).map((name) => [name, ''])) : about),
  })
  const said: Planned = {
    ...{ at: share, route, key: id, notifications: unclear ? 1 : 0 },
    content: { kind: 'event', schemaOf: route, event },
  }
  return chance.happens(0.2) ? [said, { ...said, at: share + chance.between(0, 0.1) }] : [said]
}

type Fields = (when: When, share: number) => Event

const teller =
  (person: Person, chance: Chance) =>
  (route: RouteName, share: number, age: Age, fields: Fields): Planned => {
    const id = chance.happens(0.002) ? '' : chance.uuid()
    const phone = chance.happens(0.01) ? chance.oneOf(UNUSABLE) : spelt(person.phone, chance)
    const timeZone = chance.happens(0.002) ? 'Mars/Olympus' : person.timeZone
    const named = route === 'order-ready' ? {} : { name: person.name }
    const customer = { id: person.id, phone, timeZone, ...named }
    const withHeaders = id !== '' && chance.happens(0.2)
    let made: Event | undefined
    // Made once: produced again, it is the same.
    const event = (when: When): Event => {
      made ??= { eventId: id, occurredAt: Math.round(when(share) - age), customer, ...rounded(fields(when, share)) }
      return made
    }
    return {
      ...{ at: share, route, key: person.id, notifications: 1, content: { kind: 'event', schemaOf: route, event } },
      ...(withHeaders && {
        headers: (when) => ({
          ...{ ce_id: id, ce_source: 'jp.example.elsewhere', ce_specversion: '1.0' },
          ce_time: instantText(Math.round((when(share) - age) / SECOND) * SECOND),
        }),
      }),
    }
  }

/** Avro's long takes whole numbers. */
const rounded = (event: Event): Event =>
  Object.fromEntries(Object.entries(event).map(([name, value]) => [name, typeof value === 'number' ? Math.round(value) : value]))

/** Some seconds or minutes; of some, longer than their route allows. */
const ageOf = (chance: Chance, tooOld: Age): Age => {
  if (chance.happens(0.01)) return tooOld
  return chance.happens(0.2) ? chance.between(MINUTE, 5 * MINUTE) : chance.between(0, 20 * SECOND)
}

/** For how long after it is told it is of use: most for hours, some for so short that they expire where they wait. */
const validFor = (chance: Chance): number =>
  chance.happens(0.15) ? chance.between(5 * SECOND, 60 * SECOND) : chance.between(6 * HOUR, 3 * DAY)

/** A day, or an instant. */
const dueDateIn = (chance: Chance): ((now: number) => string) => {
  const kind = chance.next()
  const valid = validFor(chance)
  if (kind < 0.01) return () => 'soon'
  if (kind < 0.5) return () => '2099-12-31'
  return (now) => instantText(Math.round((now + valid) / SECOND) * SECOND)
}
