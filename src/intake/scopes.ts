import { type FieldPath, resolve } from './field-path.ts'
import type { Route } from './route.ts'

/** The variables of the event: its fields, and `event` for the whole. */
export const wholeScope = (event: object): object => ({ ...event, event })

/** The variables of each recipient, in order: the fields of its element, or of the event, and `event` for the whole. */
export const scopesOf = ({ recipients }: Route, event: object): object[] => {
  const whole = wholeScope(event)
  if (!recipients) return [whole]
  const elements = resolve(recipients, whole)
  return Array.isArray(elements) ? elements.map((element: object | undefined) => ({ ...element, event })) : []
}

/** `affected[2].phone`: a path as seen from the whole event. */
export const placeOf = ({ recipients }: Route, path: FieldPath, index: number): string =>
  !recipients || path.segments[0] === 'event' ? path.text : `${recipients.text}[${index}].${path.text}`

/** To Liquid a null is an empty text, and an absent field is a fault. Avro writes what is absent as null. */
export const withoutNulls = (value: object): object =>
  Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== null)
      .map(([name, field]) => [name, withoutNullsWithin(field)]),
  )

const withoutNullsWithin = (value: unknown): unknown => {
  if (value === null) return undefined
  if (Array.isArray(value)) return value.map(withoutNullsWithin)
  return typeof value === 'object' && !ArrayBuffer.isView(value) ? withoutNulls(value) : value
}
