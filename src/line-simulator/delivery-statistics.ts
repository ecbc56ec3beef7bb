import { dayOf, monthOf, parseDay } from './japan-day.ts'

export interface Delivered {
  readonly channel: string
  readonly endpoint: 'template' | 'flexible'
  /** Its custom aggregation unit. */
  readonly unit: string | null
}

export type DayStatistics =
  | { readonly status: 'ready'; readonly success: number }
  | { readonly status: 'unready' }
  | { readonly status: 'out_of_service' }

/** LINE's figures of what was really delivered, by days of UTC+9: what it bills. */
export interface DeliveryStatistics {
  count(delivered: Delivered): void
  /** Undefined when the date is none. */
  day(channel: string, endpoint: Delivered['endpoint'], date: string): DayStatistics | undefined
  /** Says that a day of the last two is aggregated, or is not; others are what they are. */
  setReady(day: number, isReady: boolean): void
  /** Custom aggregation units of this month, in order of first use. */
  units(channel: string): string[]
  /** How many with this unit were delivered from one day to another, both included. */
  ofUnit(channel: string, unit: string, days: { readonly from: number; readonly to: number }): number
}

export const openDeliveryStatistics = (now: () => number): DeliveryStatistics => {
  const counts = new Map<string, number>()
  const units = new Map<string, Set<string>>()
  const ready = new Map<number, boolean>()

  const countUnit = (channel: string, unit: string, day: number): void => {
    const month = `${channel} ${monthOf(day)}`
    const names = units.get(month) ?? new Set()
    units.set(month, names)
    // From the 1,001st on LINE sends the message, and assigns no unit.
    if (!names.has(unit) && names.size >= MAX_UNITS) return
    names.add(unit)
    increment(counts, `${channel} unit ${unit} ${day}`)
  }

  return {
    count: ({ channel, endpoint, unit }) => {
      const day = dayOf(now())
      increment(counts, `${channel} ${endpoint} ${day}`)
      if (unit !== null) countUnit(channel, unit, day)
    },
    day: (channel, endpoint, date) => {
      const day = parseDay(date)
      if (day === undefined) return undefined
      if (day < FIRST_DAY) return { status: 'out_of_service' }
      const isReady = ready.get(day) ?? day < dayOf(now()) - 1
      return isReady ? { status: 'ready', success: counts.get(`${channel} ${endpoint} ${day}`) ?? 0 } : { status: 'unready' }
    },
    setReady: (day, isReady) => {
      ready.set(day, isReady)
    },
    units: (channel) => [...(units.get(`${channel} ${monthOf(dayOf(now()))}`) ?? [])],
    ofUnit: (channel, unit, { from, to }) => {
      let sum = 0
      for (let day = from; day <= to; day += 1) sum += counts.get(`${channel} unit ${unit} ${day}`) ?? 0
      return sum
    },
  }
}

/** LINE has counted since 2018-03-31. */
const FIRST_DAY = parseDay('20180331') ?? 0
const MAX_UNITS = 1000

const increment = (counts: Map<string, number>, name: string): void => {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
