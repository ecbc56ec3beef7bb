import { readFileSync } from 'node:fs'

export type Environment = Readonly<Record<string, string | undefined>>

/** A configuration with `${NAME}` filled in, and which could not be. */
export interface Filled {
  readonly value: unknown
  readonly faults: readonly { readonly path: Path; readonly message: string }[]
}

type Path = readonly (string | number)[]

/** Fills in `${NAME}` in every text: the variable NAME, or the content of the file that NAME_FILE names. */
export const fillIn = (value: unknown, env: Environment): Filled => {
  const faults: { path: Path; message: string }[] = []
  return { value: fill(value, env, [], faults), faults }
}

const fill = (value: unknown, env: Environment, path: Path, faults: { path: Path; message: string }[]): unknown => {
  if (typeof value === 'string')
    return value.replace(/\$\{([^}]*)\}/g, (_, name: string) => {
      const found = fromEnv(name, env)
      if (typeof found === 'string') return found
      faults.push({ path, message: `\${${name}} ${found.fault}` })
      return ''
    })
  if (Array.isArray(value)) return value.map((each, index) => fill(each, env, [...path, index], faults))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fill(each, env, [...path, key], faults)]))
  return value
}

const fromEnv = (name: string, env: Environment): string | { readonly fault: string } => {
  if (!/^[A-Z_][A-Z0-9_]*$/.test(name)) return { fault: 'is no variable: write capital letters, digits and underscores' }
  const direct = env[name]
  if (direct !== undefined) return direct
  const file = env[`${name}_FILE`]
  if (file === undefined) return { fault: `is not set: set ${name}, or ${name}_FILE to the path of a file that holds it` }
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (cause) {
    return { fault: `cannot be read from the file that ${name}_FILE names (${(cause as NodeJS.ErrnoException).code})` }
  }
}
