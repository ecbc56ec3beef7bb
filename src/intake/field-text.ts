/** A text or whole number of an event as a text, or `undefined`. Not one with lone surrogates: UTF-8 makes all of them the same, so that
 *  different names would become one. */
export const textOf = (value: unknown): string | undefined => {
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return String(value)
  return typeof value === 'string' && value.isWellFormed() ? value : undefined
}
