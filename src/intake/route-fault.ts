import { printable } from '../printable-text.ts'

/** Something that a person must mend in a route file. Route files hold no personal data, so what was found is quoted. */
export interface Fault {
  readonly file: string
  readonly line: number | null
  /** `recipient.phone`; empty for the file as a whole. */
  readonly field: string
  readonly found: string
  readonly remedy: string
}

/** Faults, and what has the same shape and stops nothing. */
export interface Findings {
  readonly faults: readonly Fault[]
  readonly warnings: readonly Fault[]
}

export const NO_FINDINGS: Findings = { faults: [], warnings: [] }

/** `routes/payment-due.yaml:7 recipient.phone: found "customer.fone"; there is no …` */
export const formatFault = ({ file, line, field, found, remedy }: Fault): string =>
  printable(`${file}${line === null ? '' : `:${line}`} ${field ? `${field}: ` : ''}found ${found}; ${remedy}`)

export type FieldPathInFile = readonly (string | number)[]

/** `['message', 'flexible', 0, 'altText']` → `message.flexible[0].altText` */
export const formatField = (path: FieldPathInFile): string =>
  path.reduce<string>((text, step) => (typeof step === 'number' ? `${text}[${step}]` : `${text}${text && '.'}${shown(step)}`), '')

/** A key that is no name is something else in the wrong place: a whole text, a secret. */
const shown = (key: string): string => (/^[\p{L}\p{N}_][\p{L}\p{N}\p{M}_ .-]{0,99}$/u.test(key) ? key : '(a key)')

/** A value of a route file as a fault quotes it. */
export const quote = (value: unknown): string =>
  value === undefined ? 'nothing' : printable(JSON.stringify(value), LONGEST_QUOTE)

const LONGEST_QUOTE = 80
