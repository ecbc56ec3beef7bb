import { printable } from '../printable-text.ts'
import { count, type Section } from './findings.ts'

/** A section as a person reads it, under its sign. Whoever answered may have been quoted. */
export const linesOf = (section: Section): string[] =>
  [
    `${signOf(section)} ${section.name}: ${section.looked}`,
    ...section.well.map((each) => `  ✓ ${each}`),
    ...section.faults.map((fault) => `  ✗ ${fault}`),
    ...section.warnings.map((warning) => `  ! ${warning}`),
  ].map((line) => printable(line))

/** The last word. */
export const verdictOf = (sections: readonly Section[]): string => {
  const faults = numberOf(sections, 'faults')
  const warnings = numberOf(sections, 'warnings')
  if (faults > 0) return count(faults, 'fault')
  return warnings > 0 ? `no faults, ${count(warnings, 'warning')}` : 'nothing is wrong'
}

export interface CheckReport {
  readonly faults: readonly Finding[]
  readonly warnings: readonly Finding[]
}

interface Finding {
  readonly section: string
  readonly message: string
}

/** For programs. */
export const reportOf = (sections: readonly Section[]): CheckReport => ({
  faults: sections.flatMap(({ name, faults }) => faults.map((message) => ({ section: name, message }))),
  warnings: sections.flatMap(({ name, warnings }) => warnings.map((message) => ({ section: name, message }))),
})

const signOf = ({ skipped, faults, warnings }: Section): string => {
  if (faults.length > 0) return '✗'
  if (warnings.length > 0) return '!'
  return skipped ? '–' : '✓'
}

const numberOf = (sections: readonly Section[], what: 'faults' | 'warnings'): number =>
  sections.reduce((sum, section) => sum + section[what].length, 0)
