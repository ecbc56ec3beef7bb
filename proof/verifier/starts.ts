import { type Barring, barsSince, journalBars } from './bars.ts'
import type { Findings } from './findings.ts'
import type { Asked, Breach, Departure } from './history.ts'
import type { Known, Sending } from './known.ts'
import { isQuietAt } from './quiet.ts'

/** A start that came too late by less than its witness may be wrong, or because its worker stood still between its last look and the
 *  first byte: told, and no breach. */
export interface Residual {
  readonly why: 'within-slack' | 'stopped'
  readonly what: string
  readonly where: string
}

/** Invariant 3: nothing starts in quiet hours, after expiry, after what called it off or paused its channel was committed by its task, or
 *  later than an intention is good for. */
export const checkStarts = (known: Known): Findings & { readonly residuals: readonly Residual[] } => {
  const breaches: Breach[] = []
  const residuals: Residual[] = []
  const barring = journalBars(known)
  for (const { where, what } of barring.committed) breaches.push({ invariant: 3, what, where })

  const stops = new Map<string, number>(
    known.history.ownerships.flatMap(({ partition, epoch, ended, endedAt }) =>
      ended === 'stopped' && endedAt !== null ? [[`${partition}/${epoch}`, endedAt] as const] : [],
    ),
  )
  const { slackMs, sendByMs } = known.history.settings
  const stoodStill = ({ id, entry }: Sending, { at }: Departure): boolean => {
    const endedAt = stops.get(`${id?.partition}/${id?.epoch}`)
    return endedAt !== undefined && endedAt >= entry.committedAt - slackMs && endedAt <= at + sendByMs + slackMs
  }

  let checked = 0
  for (const departure of known.history.departures) {
    const sending = known.sendings.get(departure.deliveryTag)
    const asked = sending && known.asked.get(sending.entry.position)
    if (!sending || !asked) continue
    checked++
    for (const { what, certain } of forbiddenStarts(known, barring, { departure, sending, asked })) {
      const where = `${departure.deliveryTag} of ${asked.position}`
      if (!certain) residuals.push({ why: 'within-slack', what, where })
      else if (stoodStill(sending, departure)) residuals.push({ why: 'stopped', what, where })
      else breaches.push({ invariant: 3, what, where })
    }
  }
  return { checked, breaches, residuals }
}

interface Start {
  readonly departure: Departure
  readonly sending: Sending
  readonly asked: Asked
}

interface Forbidden {
  readonly what: string
  /** Even if its witness is as wrong as can be. */
  readonly certain: boolean
}

function* forbiddenStarts(known: Known, barring: Barring, start: Start): Iterable<Forbidden> {
  const { departure, sending, asked } = start
  const { slackMs, sendByMs } = known.history.settings
  const { wall, at, worker } = departure
  const { quiet, expiresAt } = asked
  if (quiet && isQuietAt(quiet, wall))
    yield {
      what: `it started in quiet hours, ${quiet.from} to ${quiet.until} in ${quiet.zone}: ${wall} by the clock of ${worker}`,
      certain: isQuietAt(quiet, wall - slackMs) && isQuietAt(quiet, wall + slackMs),
    }
  if (expiresAt !== null && wall >= expiresAt)
    yield {
      what: `it started ${wall - expiresAt} ms after it had expired, by the clock of ${worker}`,
      certain: wall - slackMs >= expiresAt,
    }
  const late = at - sending.entry.committedAt - sendByMs
  if (late > 0)
    yield {
      what: `it started ${late} ms after its intention had run out: that is good for ${sendByMs} ms`,
      certain: late > slackMs,
    }
  for (const { what, since } of barsSince(barring, { sending, asked, at }))
    yield { what: `it started ${at - since} ms after ${what} was committed`, certain: at - since > slackMs }
}
