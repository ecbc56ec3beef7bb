import type { FieldPath } from './field-path.ts'

/** A field that the event lacks, or whose value cannot be used. */
export type UnreadableField =
  | { readonly kind: 'missing'; readonly path: FieldPath }
  /** `wanted` and `found` hold no value of the event. */
  | { readonly kind: 'malformed'; readonly path: FieldPath; readonly wanted: string; readonly found: string }
