import fc from 'fast-check'
import { test } from 'vitest'
import { accepted, HOUR, NOON, timedOut, unreachable } from './notification-builder.ts'
import { type History, history, live } from './simulation-history.ts'

/** Some seconds of it; `SIMULATION_RUNS=100000` for a night. */
const RUNS = Number(process.env.SIMULATION_RUNS ?? 300)

const PLAIN = {
  kind: 'ready',
  identity: 0,
  person: 0,
  lane: 0,
  urgent: false,
  quiet: false,
  age: 0,
  expiresIn: null,
  policy: 'resend',
  wait: 1_000,
  subject: 0,
  revision: null,
  onlyIf: false,
  businessKey: null,
  fallbackAfter: null,
} as const
const LIFE = { startAt: NOON, spacingMs: 0, perDay: Number.POSITIVE_INFINITY, progress: true } as const

/** What was found once. */
const FOUND: readonly (readonly [string, History])[] = [
  [
    'LINE’s refusal was not heard while the notification waited to be sent again',
    {
      ...LIFE,
      sketches: [PLAIN],
      deeds: [
        { do: 'produce', pick: 0 },
        { do: 'step', most: 1 },
        { do: 'reopen', ending: 'crashed', compacted: false, ahead: 0 },
        { do: 'order', channel: 'main', order: 'pause' },
        { do: 'run', ms: HOUR, weather: unreachable },
        { do: 'hand-over', pick: 0 },
      ],
    },
  ],
  [
    'an endpoint that never answers was sent the same without end',
    {
      ...LIFE,
      sketches: [PLAIN],
      deeds: [
        { do: 'produce', pick: 0 },
        { do: 'step', most: 1 },
        { do: 'run', ms: 24 * HOUR, weather: timedOut },
      ],
    },
  ],
  [
    'an intention of an earlier owner was lost when its fallback was said',
    {
      ...LIFE,
      sketches: [{ ...PLAIN, policy: 'give-up', fallbackAfter: 1_000 }],
      deeds: [
        { do: 'produce', pick: 0 },
        { do: 'step', most: 1 },
        { do: 'reopen', ending: 'crashed', compacted: true, ahead: 0 },
        { do: 'pass', ms: 1_000 },
        { do: 'run', ms: HOUR, weather: accepted },
      ],
    },
  ],
]

test.each(FOUND)('never again: %s', (_, lived) => live(lived))

test(
  'whatever happens, every notification ends once and truly, and nothing goes out that should not',
  () => {
    fc.assert(
      fc.property(history(), (lived) => live(lived)),
      { numRuns: RUNS },
    )
  },
  RUNS * 1_000,
)
