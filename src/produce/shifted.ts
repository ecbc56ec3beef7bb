import avsc, { type Schema, type Type } from 'avsc'
import { readTime } from '../intake/event-time.ts'

/** How far to move times, and dates: from Monday 23:00 to Tuesday 01:00 it is two hours, and one day. */
export interface Shift {
  readonly ms: number
  readonly days: number
}

/** The event with all its times moved alike, so that what was an hour before or after it still is: Avro's `timestamp-millis` and `date`,
 *  and texts in ISO 8601. Times of day and plain numbers stay: they may be anything. `event` fits the schema. */
export const shifted = (event: unknown, schema: object, shift: Shift): unknown =>
  shiftedAs(avsc.Type.forSchema(schema as Schema, { logicalTypes: { 'timestamp-millis': Instant, date: Day } }), event, shift)

export const shiftBetween = (from: number, to: number, zone: string): Shift => {
  const dayOf = (ms: number) => Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone).toPlainDate()
  return { ms: to - from, days: dayOf(from).until(dayOf(to), { largestUnit: 'days' }).days }
}

class Marked extends avsc.types.LogicalType {
  protected override _fromValue = (value: unknown) => value
  protected override _toValue = (value: unknown) => value
}
class Instant extends Marked {}
class Day extends Marked {}

const shiftedAs = (type: Type, value: unknown, shift: Shift): unknown => {
  if (value === null || value === undefined) return value
  if (type instanceof Instant) return typeof value === 'number' ? value + shift.ms : value
  if (type instanceof Day) return typeof value === 'number' ? value + shift.days : value
  if (avsc.Type.isType(type, 'string')) return typeof value === 'string' ? shiftedText(value, shift) : value
  if (type instanceof avsc.types.ArrayType)
    return Array.isArray(value) ? value.map((each) => shiftedAs(type.itemsType, each, shift)) : value
  if (avsc.Type.isType(type, 'union')) {
    const branch = branchesOf(type).find((each) => each.isValid(value))
    return branch ? shiftedAs(branch, value, shift) : value
  }
  if (typeof value !== 'object') return value
  if (type instanceof avsc.types.MapType)
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shiftedAs(type.valuesType, each, shift)]))
  if (!(type instanceof avsc.types.RecordType)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => {
      const field = type.fields.find((known) => known.name === name)
      return [name, field ? shiftedAs(field.type, each, shift) : each]
    }),
  )
}

const branchesOf = (type: Type): readonly Type[] =>
  type instanceof avsc.types.UnwrappedUnionType || type instanceof avsc.types.WrappedUnionType ? type.types : []

/** In the form it was written in, to the second. */
const shiftedText = (text: string, { ms, days }: Shift): string => {
  const time = readTime(text)
  switch (time?.kind) {
    case undefined:
      return text
    case 'date':
      return time.date.add({ days }).toString()
    case 'local':
      return time.at.add({ milliseconds: ms }).toString({ smallestUnit: 'second' })
    case 'instant':
      return Temporal.Instant.fromEpochMilliseconds(time.ms + ms).toString({ ...offsetOf(text), smallestUnit: 'second' })
  }
}

const offsetOf = (text: string): { readonly timeZone?: string } => {
  const [timeZone] = /[+-]\d{2}:?\d{2}$/.exec(text) ?? []
  return timeZone === undefined ? {} : { timeZone }
}
