import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Scenario } from './scenario.ts'
import type { Found } from './simulate.ts'

/** What was found once, as small as it could be made: lived again with every test. */
export interface Regression {
  /** What was broken when it was found. */
  readonly found: readonly string[]
  readonly seed: number
  readonly scenario: Scenario
}

export const REGRESSIONS = join(import.meta.dirname, 'regressions')

/** Returns the file, from where the command is run. */
export const keepRegression = ({ seed, scenario, breaches }: Found): string => {
  const [first] = breaches
  const file = join(REGRESSIONS, `invariant-${first?.invariant ?? 0}-seed-${seed}.json`)
  const found = breaches.map(({ invariant, what, where }) => `${invariant} ${where}: ${what}`)
  mkdirSync(REGRESSIONS, { recursive: true })
  writeFileSync(file, `${JSON.stringify({ found, seed, scenario } satisfies Regression, null, 2)}\n`)
  return relative(process.cwd(), file)
}

/** The file is none of these. */
export class RegressionError extends Error {
  override readonly name = 'RegressionError'
}

/** @throws RegressionError */
export const readRegression = (file: string): Regression => {
  const read = readJson(file)
  if (typeof read !== 'object' || read === null || !('scenario' in read))
    throw new RegressionError(`${file} has no scenario: ${REMEDY}`)
  return read as Regression
}

const REMEDY = 'give a file that `npm run simulate` wrote'

const readJson = (file: string): unknown => {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (fault) {
    throw new RegressionError(`${file} cannot be read (${(fault as NodeJS.ErrnoException).code}): ${REMEDY}`)
  }
  try {
    return JSON.parse(text)
  } catch {
    throw new RegressionError(`${file} is not JSON: ${REMEDY}`)
  }
}

/** File names, in order. */
export const regressionFiles = (): string[] =>
  existsSync(REGRESSIONS)
    ? readdirSync(REGRESSIONS)
        .filter((name) => name.endsWith('.json'))
        .sort()
    : []
