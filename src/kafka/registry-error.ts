/** Why a registry was of no use: what to mend is another thing each time. */
export type RegistryTrouble = 'unreachable' | 'unauthorized' | 'wrong-path' | 'failed'

/** The registry could not be asked. Its message says what was found, and what to do. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError'
  readonly trouble: RegistryTrouble

  constructor(trouble: RegistryTrouble, found: string, options?: ErrorOptions) {
    super(`the schema registry could not be asked (${found}): ${REMEDIES[trouble]}`, options)
    this.trouble = trouble
  }
}

/** A registry did not answer, or not with what was asked for. What else the client throws is about what it was given. */
export class RegistryAnswerError extends Error {
  override readonly name = 'RegistryAnswerError'
  /** Null: it was no answer of a registry. */
  readonly status: number | null

  constructor(message: string, status: number | null = null) {
    super(message)
    this.status = status
  }
}

/** What an error of the registry's client is about. The client tells statuses apart, but loses most of the answers' content. */
export const troubleOf = (error: unknown): RegistryTrouble | 'absent' => {
  const message = error instanceof Error ? error.message : ''
  if (UNREACHABLE.test(message)) return 'unreachable'
  const status = statusOf(error) ?? Number(/status (\d{3})/.exec(message)?.[1])
  if (status === 401 || status === 403) return 'unauthorized'
  // Only the registry itself says in words what it has not found.
  if (/status 404|status 3\d\d/.test(message) || (status >= 300 && status < 400)) return 'wrong-path'
  // Words count only where the client has lost the status: a leader may not be found either, or a schema that names such a type.
  const isBare = Number.isNaN(status) && error instanceof Error && error.name !== 'ConfluentSchemaRegistryArgumentError'
  if (status === 404 || (isBare && /not found|was found|40403|40401/i.test(message))) return 'absent'
  return isForeign(error) ? 'wrong-path' : 'failed'
}

export const statusOf = (error: unknown): number | undefined =>
  typeof error === 'object' && error !== null && 'status' in error && typeof error.status === 'number' ? error.status : undefined

/** What was found, fit for a message: the client puts the status 400 on what never became an answer, and `[object Object]` for a body. */
export const foundBy = (error: unknown): string => {
  if (isForeign(error)) return FOREIGN
  const message = error instanceof Error ? error.message.replace('Confluent_Schema_Registry - ', '') : ''
  const status = statusOf(error) ?? Number(/status (\d{3})/.exec(message)?.[1])
  const words = message
    .replace(/^Error, status \d+:? ?/, '')
    .replace('[object Object]', '')
    .slice(0, 200)
  if (UNREACHABLE.test(message)) return words
  return [...(isFitForLog(words) ? [words] : []), ...(Number.isNaN(status) ? [] : [`HTTP ${status}`])].join(', ') || 'no answer'
}

/** Of an answer that no registry gives. */
export const FOREIGN = 'an answer of another content'
const isForeign = (error: unknown): boolean =>
  error instanceof TypeError || (error instanceof RegistryAnswerError && error.message === FOREIGN)

/** Words of a registry, or of what answers in its place. */
export const isFitForLog = (words: string): boolean => /^[\w .,:;'"()/-]{1,200}$/.test(words)

const UNREACHABLE = /ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|Timeout|socket hang up|UND_ERR|no answer|an answer above/i

/** With Apicurio, whose root answers too, a wrong path is the usual slip. */
export const REMEDIES: Readonly<Record<RegistryTrouble | 'absent', string>> = {
  unreachable: 'is registry.url right, and the registry up?',
  unauthorized: 'check registry.username and registry.password, and that this user may read subjects',
  'wrong-path':
    "something answers at registry.url, but not with the registry's API: give the path too (Apicurio: …/apis/ccompat/v7; Confluent: mostly none)",
  absent: 'run `tsuchi schemas register`',
  failed: 'it answers, but not as it should: look at its own log',
}
