import { readFileSync } from 'node:fs'

export type Environment = Readonly<Record<string, string | undefined>>

/** A configuration with `${NAME}` filled in, and which could not be. */
export interface Filled {
  readonly value: unknown
  readonly faults: readonly { readonly path: Path; readonly message: string }[]
  /** Variables that were not set, and for which something stands in. */
  readonly standIns: readonly string[]
}

/** Stands for a secret where none is needed: it has the form of a key. */
const STAND_IN = Buffer.alloc(32).toString('base64')

/** Addresses are not asked either, and must look like some. */
const standInFor = (path: Path): string => {
  if (path.includes('brokers')) return 'stand-in.invalid:9092'
  return ['url', 'baseUrl'].includes(String(path.at(-1))) ? 'http://stand-in.invalid' : STAND_IN
}

export const isStandIn = (value: string): boolean => value === STAND_IN || value.startsWith('stand-in.invalid')

type Path = readonly (string | number)[]

/** Fills in `${NAME}` in every text: the variable NAME, or the content of the file that NAME_FILE names. A variable that is not set is a
 *  fault, or, where no secret is needed, something stands in for it. */
export const fillIn = (value: unknown, env: Environment, unset: 'fault' | 'stand-in' = 'fault'): Filled => {
  const faults: { path: Path; message: string }[] = []
  const standIns = new Set<string>()
  const lookUp = (name: string, path: Path): string => {
    const found = fromEnv(name, env)
    if (typeof found === 'string') return found
    if (unset === 'stand-in' && found.kind === 'unset') {
      standIns.add(name)
      return standInFor(path)
    }
    faults.push({ path, message: found.fault })
    return ''
  }
  return { value: fill(value, [], lookUp), faults, standIns: [...standIns] }
}

/** Of what never ends only so much is looked at. */
const VARIABLE = /\$\{([^}]{0,200})\}/g
const NAME = /^[A-Z_][A-Z0-9_]*$/
/** Not quoted: `${PASSWORD:-…}` has a password in it. */
const NO_NAME = 'between ${ and } there is no name of a variable: write capital letters, digits and underscores, and nothing else'

const fill = (value: unknown, path: Path, lookUp: (name: string, path: Path) => string): unknown => {
  if (typeof value === 'string') return value.replace(VARIABLE, (_, name: string) => lookUp(name, path))
  if (Array.isArray(value)) return value.map((each, index) => fill(each, [...path, index], lookUp))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fill(each, [...path, key], lookUp)]))
  return value
}

const fromEnv = (name: string, env: Environment): string | { readonly kind: 'unset' | 'unreadable'; readonly fault: string } => {
  if (!NAME.test(name)) return { kind: 'unreadable', fault: NO_NAME }
  const direct = env[name]
  if (direct !== undefined) return direct
  const file = env[`${name}_FILE`]
  if (file === undefined)
    return { kind: 'unset', fault: `\${${name}} is not set: set ${name}, or ${name}_FILE to the path of a file that holds it` }
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (cause) {
    return {
      kind: 'unreadable',
      fault: `\${${name}} cannot be read from the file that ${name}_FILE names (${(cause as NodeJS.ErrnoException).code})`,
    }
  }
}
