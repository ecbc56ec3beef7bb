/** A text or whole number of an event as a text, or `undefined`. Not one with lone surrogates, which UTF-8 makes all the same, or with what
 *  decoders put in the place of bytes that are no UTF-8: different names would become one. */
export const textOf = (value: unknown): string | undefined => {
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return String(value)
  return typeof value === 'string' && value.isWellFormed() && !value.includes(UNREADABLE) ? value : undefined
}

/** The same of what names something: it stands in every record of a notification, and Kafka takes records of 1 MB. */
export const nameOf = (value: unknown): string | undefined => {
  const name = textOf(value)
  return name === undefined || name.length > LONGEST_NAME ? undefined : name
}

const UNREADABLE = '\ufffd'
const LONGEST_NAME = 1_000
export const NAME_FORMS = `a text of at most ${LONGEST_NAME} characters that is sound UTF-8, or a whole number`
