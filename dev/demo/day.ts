import { systemClock } from '../../src/clock.ts'

/** Preloaded into the demo's worker, as nobody waits a day for a demo: with each SIGUSR2 its clock is some hours further on, and with the
 *  last a day. In all else it is `tsuchi run` as it ships. Not at once: that LINE still reaches the webhook is to be seen in between. */
const HOUR_MS = 3_600_000
const ahead = [6 * HOUR_MS, 15 * HOUR_MS, 24 * HOUR_MS]
const { now } = systemClock
let aheadMs = 0
Object.assign(systemClock, { now: () => now() + aheadMs })
process.on('SIGUSR2', () => {
  aheadMs = ahead.shift() ?? aheadMs
})
