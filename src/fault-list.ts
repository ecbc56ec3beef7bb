/** Faults of `place` for people, each on a line of its own after how many there are. */
export const faultList = (place: string, faults: readonly string[], indent = ''): string => {
  const more = faults.length > MOST_TOLD ? [`and ${faults.length - MOST_TOLD} more`] : []
  const lines = [...faults.slice(0, MOST_TOLD), ...more].map((line) => `${indent}${line}`)
  return [`${faults.length} fault${faults.length === 1 ? '' : 's'} in ${place}:`, ...lines].join('\n')
}

/** Nobody mends more of them at a time. */
const MOST_TOLD = 100
