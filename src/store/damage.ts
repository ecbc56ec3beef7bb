/** A store's file holds what nobody can have written there. */
export class StoreDamagedError extends Error {
  override readonly name = 'StoreDamagedError'
}

/** SQLITE_ERROR says here that a table is missing; SQLITE_IOERR, SQLITE_CORRUPT and SQLITE_NOTADB speak for themselves. A file that is
 *  locked, or a disk that is full, is not damaged. */
const DAMAGE: ReadonlySet<number> = new Set([1, 10, 11, 26])

/** Whether an error says that the file is not what was written. */
export const isDamage = (error: unknown): boolean =>
  error instanceof StoreDamagedError || (isSqliteError(error) && DAMAGE.has(error.errcode & 0xff))

/** Whether an error says that somebody else has the file. */
export const isBusy = (error: unknown): boolean => isSqliteError(error) && (error.errcode & 0xff) === 5

const isSqliteError = (error: unknown): error is Error & { readonly errcode: number } =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
