/** All that an error could say where it is logged: message, stack, every property, and its causes. */
export const wordsOf = (error: unknown): string => {
  const seen = new Set<unknown>()
  const wordsIn = (value: unknown): string => {
    if (typeof value === 'string') return value
    if (typeof value !== 'object' || value === null) return String(value)
    if (seen.has(value)) return ''
    seen.add(value)
    if (Buffer.isBuffer(value)) return `${value.toString('latin1')} ${value.toString('hex')}`
    return Reflect.ownKeys(value)
      .map((key) => `${String(key)}: ${wordsIn(Reflect.get(value, key))}`)
      .join('\n')
  }
  return wordsIn(error)
}
