/** Mappings are merged; anything else replaces what is there. */
export const laidOver = (base: unknown, over: unknown): unknown =>
  isMapping(base) && isMapping(over)
    ? { ...base, ...Object.fromEntries(Object.entries(over).map(([key, value]) => [key, laidOver(base[key], value)])) }
    : over

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
