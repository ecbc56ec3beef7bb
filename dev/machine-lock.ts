import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'

/** Runs `work` while no other process of this machine holds the lock of the same name. SQLite's file lock is the operating system's:
 *  it goes with its holder, so nobody has to judge whether a lock file is stale. */
export const withMachineLock = async <T>(file: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> => {
  mkdirSync(dirname(file), { recursive: true })
  const database = new DatabaseSync(file)
  try {
    while (!takes(database)) await delay(200, undefined, { ...(signal && { signal }) })
    return await work()
  } finally {
    database.close()
  }
}

const SQLITE_BUSY = 5

const takes = (database: DatabaseSync): boolean => {
  try {
    database.exec('BEGIN EXCLUSIVE')
    return true
  } catch (fault) {
    if (fault instanceof Error && 'errcode' in fault && fault.errcode === SQLITE_BUSY) return false
    throw fault
  }
}
