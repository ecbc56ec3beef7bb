import type { Clock } from '../../src/clock.ts'
import type { Progress } from './progress.ts'

/** What every part of one demo shares. */
export interface Run {
  readonly clock: Clock
  readonly progress: Progress
  /** Aborted when the demo is to end before its time; the reason is the error to show. */
  readonly signal: AbortSignal
  readonly giveUp: (fault: Error) => void
  /** The work's result, unless we are to stop first: then nothing that comes after it is begun. */
  readonly orStop: <T>(work: Promise<T>) => Promise<T>
  /** What this opens is closed in the end, also if we are to stop before it is open. */
  readonly open: <T extends { close(): Promise<void> }>(opening: Promise<T>) => Promise<T>
  /** What ends whatever was started, the last first. */
  readonly cleanUp: AsyncDisposableStack
}

export const openRun = (parts: Pick<Run, 'clock' | 'progress' | 'cleanUp'> & { readonly stopping: AbortController }): Run => {
  const { stopping, ...rest } = parts
  const { signal } = stopping
  const stopped = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  stopped.catch(() => {})
  const orStop: Run['orStop'] = (work) => Promise.race([work, stopped])
  return {
    ...rest,
    signal,
    giveUp: (fault) => stopping.abort(fault),
    orStop,
    open: (opening) => {
      rest.cleanUp.defer(async () => {
        const opened = await opening.catch(() => undefined)
        await opened?.close()
      })
      return orStop(opening)
    },
  }
}
