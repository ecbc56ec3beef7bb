import { shapeOf } from './domain/phone.ts'

/** What a value of an event is, without the value. */
export const describe = (value: unknown): string => {
  if (typeof value === 'string') return shapeOf(value)
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'a record' : `a ${typeof value}`
}
