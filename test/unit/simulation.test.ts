import fc from 'fast-check'
import { test } from 'vitest'
import { accepted, HOUR, NOON, timedOut, unreachable } from './notification-builder.ts'
import { AT_ONCE, type History, history, live } from './simulation-history.ts'

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
  reviewed: true,
} as const
const LIFE = {
  startAt: NOON,
  spacingMs: 0,
  perDay: Number.POSITIVE_INFINITY,
  progress: true,
  settings: { awaited: [], limited: [], shadows: [], reviewing: [] },
  listening: [],
  listeningAtLast: [],
} as const
const AWAITED = {
  ...LIFE,
  settings: { ...LIFE.settings, awaited: ['main'] },
  listeningAtLast: [0],
} as const

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
        { do: 'run', ms: HOUR, weather: unreachable, fate: AT_ONCE },
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
        { do: 'run', ms: 24 * HOUR, weather: timedOut, fate: AT_ONCE },
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
        { do: 'run', ms: HOUR, weather: accepted, fate: AT_ONCE },
      ],
    },
  ],
  [
    'the wait for a webhook that was away for hours took a step for every second of them',
    {
      ...AWAITED,
      sketches: [PLAIN],
      deeds: [
        { do: 'produce', pick: 0 },
        { do: 'step', most: 1 },
        { do: 'start', pick: 0 },
        { do: 'answer', pick: 0, outcome: timedOut, way: 'told', fate: AT_ONCE, taken: false },
        { do: 'run', ms: 5 * HOUR, weather: accepted, fate: AT_ONCE },
      ],
    },
  ],
  [
    'what was called off was sent again, as the wait for a webhook had outlived the cancellation',
    {
      ...AWAITED,
      sketches: [{ ...PLAIN, wait: 24 * HOUR }],
      deeds: [
        { do: 'produce', pick: 0 },
        { do: 'step', most: 1 },
        { do: 'start', pick: 0 },
        { do: 'answer', pick: 0, outcome: timedOut, way: 'told', fate: AT_ONCE, taken: false },
        { do: 'cancel', subject: 'reservation/R-1', ago: 0 },
        { do: 'run', ms: 72 * HOUR, weather: accepted, fate: AT_ONCE },
        { do: 'wake', which: 0, channels: ['main'] },
        { do: 'run', ms: 48 * HOUR, weather: accepted, fate: AT_ONCE },
      ],
    },
  ],
  [
    'another channel was to tell what was called off while LINE refused it',
    {
      ...LIFE,
      sketches: [PLAIN],
      deeds: [
        { do: 'produce', pick: 0 },
        { do: 'step', most: 1 },
        { do: 'start', pick: 0 },
        { do: 'cancel', subject: 'reservation/R-1', ago: 0 },
        { do: 'answer', pick: 0, outcome: unreachable, way: 'told', fate: AT_ONCE, taken: false },
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
