import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isBusy } from './damage.ts'

export interface StateDirectory {
  release(): void
}

/** Another process keeps its state there. */
export class StateDirectoryInUseError extends Error {
  override readonly name = 'StateDirectoryInUseError'
}

/** The directory cannot be made, or not be written to. */
export class StateDirectoryUnusableError extends Error {
  override readonly name = 'StateDirectoryUnusableError'
}

/** Makes the directory of the stores and keeps every other process out of it. What lies there is sealed, but names customers: only the
 *  owner may look. The kernel lets go of the lock when the process ends, however it ends. The lock is that of a SQLite transaction,
 *  never committed: Node has no file locks of its own. Nothing else in the process may open `lock.sqlite`: POSIX drops a process's
 *  locks on a file when it closes any handle of it. */
export const lockStateDirectory = (directory: string): StateDirectory => {
  const lock = openLock(directory)
  try {
    lock.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if (!isBusy(error)) throw error
    throw new StateDirectoryInUseError(
      `another process keeps its state in ${directory}: give every worker a state.directory of its own`,
      { cause: error },
    )
  }
  return { release: () => lock.close() }
}

const openLock = (directory: string): DatabaseSync => {
  try {
    // Only the last folder: where the rest is missing, the path is likely a slip; and Node, making all of it, hangs on some paths.
    if (!existsSync(directory)) mkdirSync(directory, { mode: 0o700 })
    const file = join(directory, 'lock.sqlite')
    createForOwner(file)
    return new DatabaseSync(file)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : 'unknown fault'
    throw new StateDirectoryUnusableError(
      `state.directory ${directory} cannot be written (${code}): name a folder that the worker's user may write, or state: memory`,
      { cause },
    )
  }
}

const createForOwner = (file: string): void => {
  try {
    closeSync(openSync(file, 'wx', 0o600)) // does not open one that is there
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}
