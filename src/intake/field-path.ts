/** Leads to a field of an event: `customer.phone`. Within a fan-out it starts at the element, and `event.` reaches the whole. */
export interface FieldPath {
  readonly text: string
  readonly segments: readonly string[]
}

/** What a path may look like in a route file. */
export const FIELD_PATH = /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/

export const fieldPath = (text: string): FieldPath => ({ text, segments: text.split('.') })

/** Own properties only. `undefined` where there is nothing, or null. */
export const resolve = (path: FieldPath, scope: object): unknown => {
  let value: unknown = scope
  for (const segment of path.segments) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Object.getOwnPropertyDescriptor(value, segment)?.value
  }
  return value ?? undefined
}
