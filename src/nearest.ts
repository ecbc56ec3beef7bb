/** The names most like `wanted`, best first: for the remedies of misspelt names. */
export const nearest = (wanted: string, names: readonly string[]): string[] =>
  names
    .map((name) => ({ name, distance: distanceOf(beginningOf(wanted), beginningOf(name)) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name)

/** What is wanted may be a whole text in the wrong place, and the work grows with the product of both. */
const LONGEST_NAME = 200
const beginningOf = (name: string): string => name.slice(0, LONGEST_NAME).toLowerCase()

/** Levenshtein's: how many letters to insert, delete or change. */
const distanceOf = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (const [index, letter] of [...a].entries()) {
    const next = [index + 1]
    for (const [column, other] of [...b].entries()) {
      const changed = (row[column] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(changed, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
