import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Installation } from './installation.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs tsuchi as an operator does, to its end. Never rejects: how it ended is the answer. */
export const tsuchi = (
  at: Pick<Installation, 'configFile' | 'env'>,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  /** The folder of another version. */
  root = ROOT,
): Promise<Ended> =>
  new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [join(root, 'src/cli.ts'), ...args, '--config', at.configFile],
      { env: { ...at.env, NODE_OPTIONS: '--disable-warning=TimeoutNegativeWarning', ...env } },
      (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    )
  })
