import { setTimeout } from 'node:timers/promises'
import type { Clock } from '../clock.ts'
import { ReplayStoppedError } from '../kafka/replay-writer.ts'
import { formatOrigin } from './letter.ts'
import { chosen, type Errand, saySkipped } from './rehearse.ts'
import { replay } from './replay.ts'
import { createTally } from './tally.ts'
import { timeOf } from './told.ts'

/** Replays, and puts one line of JSON for each record as soon as it is committed. Returns whether nothing is amiss. Whoever replayed
 *  before is fenced first, so that what is read then of the letters stays true. */
export const carryOut = async (
  errand: Errand & {
    readonly by: string
    /** Records per second. */
    readonly rate: number
    readonly clock: Clock
    readonly signal: AbortSignal
  },
): Promise<boolean> => {
  const { desk, say, put, signal, by } = errand
  const writer = await desk.writer(by)
  try {
    const { letters, unknown } = await chosen(errand)
    if (letters.length === 0) return unknown.length === 0
    const tally = createTally()
    let produced = 0
    const tell = () => errand.onProgress?.('replaying', produced + tally.count('skipped'), letters.length)
    const end = await replay({
      ...errand,
      writer,
      weighed: desk.weigh(letters, errand),
      sleep: (ms) => setTimeout(ms, undefined, { signal }).catch(() => {}), // whoever sleeps looks at the signal
      onSkipped: (weighed) => {
        tally.add(weighed)
        tell()
      },
      onReplayed: (replayed) => {
        for (const { letter, to, at } of replayed)
          put(
            JSON.stringify({
              position: formatOrigin(letter.origin),
              replayedTo: to,
              replayedAt: timeOf(at),
              replayedBy: by,
            }),
          )
        produced += replayed.length
        tell()
      },
    }).catch((error: unknown) => {
      say(`stopped after ${produced} of ${letters.length}${error instanceof ReplayStoppedError ? AMBIGUOUS : ''}`)
      throw error
    })
    saySkipped(tally, errand)
    say(`replayed ${produced} of ${letters.length}`)
    if (end === 'interrupted') say('interrupted: the same command goes on with the rest')
    return end === 'done' && unknown.length === 0 && tally.faults() === 0
  } finally {
    await writer.close()
  }
}

const AMBIGUOUS = '; whether the last transaction counts, `tsuchi dead-letters list` tells'
