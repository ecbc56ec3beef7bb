/** Cells of a row are as many as there are columns. The first column is words, the others are figures. */
export interface Table {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

/** Null: not measured, or nothing to measure. */
export type Cell = string | number | null

export const formatTable = ({ columns, rows }: Table): string => {
  const lines = [columns, ...rows.map((row) => row.map(textOf))]
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)))
  const format = (line: readonly string[]) =>
    line
      .map((cell, index) => (index === 0 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0)))
      .join('  ')
      .trimEnd()
  return lines.map(format).join('\n')
}

/** Figures of four digits and more need no fraction. */
const textOf = (cell: Cell): string => {
  if (cell === null) return '–'
  if (typeof cell === 'string') return cell
  if (Number.isInteger(cell) || Math.abs(cell) >= 1_000) return Math.round(cell).toLocaleString('en')
  return cell.toFixed(Math.abs(cell) < 10 ? 2 : 1)
}

/** How often what was: `200: 1,800, 503: 12`. */
export const inWords = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([what, count]) => `${what}: ${count.toLocaleString('en')}`)
    .join(', ') || '–'
