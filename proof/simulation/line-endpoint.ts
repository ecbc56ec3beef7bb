import type { Attempt } from '../../src/dispatch/provider.ts'
import { NOT_STARTED, type Outcome } from '../../src/domain/outcome.ts'
import { outcomeOf } from '../../src/providers/line/outcome.ts'
import type { Departure, Post } from '../verifier/history.ts'
import type { Chance } from './chance.ts'
import type { Process } from './process.ts'
import type { SimulatedTime } from './time.ts'
import type { Point, Trouble } from './trouble.ts'

/** What the network, or LINE in a bad hour, does with a request. */
export type Weather =
  | 'no-connection'
  /** LINE never gets it; it gets it and its answer is lost, or comes too late; the connection is torn. */
  | 'swallowed'
  | 'answer-lost'
  | 'answer-late'
  | 'reset-before'
  | 'reset-after'
  /** 5xx, and it has the message, or not. */
  | 'failed-taken'
  | 'failed'
  | 'rate-limited'
  | 'unauthorized'
  | 'forbidden'
  | 'monthly-limit'
  | 'rejected'
  /** Everything takes a second. */
  | 'slow'

/** What LINE makes of a message, if nothing goes wrong. */
export type LineFate = 'delivered' | 'silent' | 'unreachable'

export interface LineEndpoint {
  /** What the next so many requests meet. */
  expect(weather: Weather, count: number): void
  clear(): void
  send(from: Sender, attempt: Attempt): Promise<Outcome>
  readonly departures: readonly Departure[]
  readonly posts: readonly Post[]
}

/** A worker, as LINE's client in it. */
export interface Sender {
  readonly process: Process
  readonly lane: string
  readonly meet: (at: Point) => Promise<Trouble | undefined>
}

/** What the client got. */
interface Answer {
  readonly outcome: Outcome
  readonly status: number | string
}

/** Of a whole request, as a channel's `deadline`. */
export const DEADLINE_MS = 2_000

export const createLineEndpoint = (options: {
  readonly time: SimulatedTime
  readonly chance: Chance
  /** If all is well. */
  readonly answersWithinMs: number
  /** Of what was asked at this position. */
  readonly fateOf: (position: string) => LineFate
  readonly onTaken: (deliveryTag: string, position: string) => void
}): LineEndpoint => {
  const { time, chance, answersWithinMs } = options
  const departures: Departure[] = []
  const posts: { -readonly [K in keyof Post]: Post[K] }[] = []
  let forecast: Weather[] = []

  /** LINE has the whole request: what it answers, at once. Null: nothing. */
  const arrive = ({ deliveryTag, message }: Attempt, lane: string, weather: Weather | undefined): number | null => {
    const position = positionIn(message)
    const fate = options.fateOf(position)
    const fine = fate === 'unreachable' ? 422 : 200
    const status = weather === undefined ? fine : (STATUS[weather] ?? fine)
    const taken = status === 200 || (weather === 'failed-taken' && fine === 200)
    posts.push({
      at: time.now(),
      deliveryTag,
      lane,
      answered: 'nothing yet',
      certainlyRefused: status >= 400 && status < 500,
      taken,
      faulty: weather !== undefined && weather !== 'slow',
    })
    if (taken) options.onTaken(deliveryTag, position)
    return weather === 'answer-lost' || weather === 'reset-after' ? null : status
  }

  /** From the first byte on; what the client is told, as it comes to its socket. */
  const post = async (attempt: Attempt, lane: string, weather: Weather | undefined): Promise<Answer> => {
    await time.sleep(1 + chance.below('to LINE', answersWithinMs / 2) + (weather === 'slow' ? 1_000 : 0))
    if (weather === 'swallowed') return await new Promise<never>(() => {})
    if (weather === 'reset-before') return { outcome: RESET, status: 'reset' }
    const status = arrive(attempt, lane, weather)
    if (weather === 'reset-after') return { outcome: RESET, status: 'reset' }
    if (status === null) return await new Promise<never>(() => {})
    await time.sleep(1 + chance.below('from LINE', answersWithinMs / 2) + (weather === 'answer-late' ? DEADLINE_MS : 0))
    return {
      outcome: outcomeOf(status, { requestId: 'line-1', retryAfter: null, date: null }, BODY[weather ?? 'slow'] ?? ''),
      status,
    }
  }

  return {
    departures,
    posts,
    expect: (weather, count) => {
      forecast.push(...Array.from({ length: count }, () => weather))
    },
    clear: () => {
      forecast = []
    },
    send: async ({ process, lane, meet }, attempt) => {
      const { deliveryTag } = attempt
      const weather = forecast.shift()
      const late = Promise.withResolvers<'late'>()
      process.timers.after(DEADLINE_MS, () => late.resolve('late'))
      await process.wait(1 + chance.below(`${process.name} connect`, 30))
      const trouble = await meet('connect')
      if (weather === 'no-connection' || trouble?.what === 'throw') return NO_CONNECTION
      if (!attempt.mayStart()) return NOT_STARTED
      departures.push({ at: time.now(), wall: process.clock.now(), worker: process.name, deliveryTag, lane })
      await meet('connected')
      const answer = post(attempt, lane, weather)
      let come: Answer | undefined
      void answer.then((each) => {
        come = each
      })
      const first = await Promise.race([process.hear(answer), late.promise])
      // What has long come is read before the deadline is kept: see the client.
      const { outcome, status } = first === 'late' ? (come ?? TIMED_OUT) : first
      for (const each of posts) if (each.deliveryTag === deliveryTag) each.answered = status
      await meet('answered')
      return outcome
    },
  }
}

/** What the message says that it is about: see intake.ts. */
const positionIn = (message: Attempt['message']): string =>
  message.endpoint === 'template' ? message.templateKey : String(message.messages[0]?.text)

const RESET: Outcome = { kind: 'unknown', requestId: null, cause: 'reset' }
const TIMED_OUT: Answer = { outcome: { kind: 'unknown', requestId: null, cause: 'timeout' }, status: 'late' }
const NO_CONNECTION: Outcome = { kind: 'not-sent', cause: 'connect', requestId: null, retryAfterMs: null }

const STATUS: Readonly<Partial<Record<Weather, number>>> = {
  'failed-taken': 500,
  failed: 503,
  'rate-limited': 429,
  'monthly-limit': 429,
  unauthorized: 401,
  forbidden: 403,
  rejected: 400,
}

const BODY: Readonly<Partial<Record<Weather, string>>> = {
  'monthly-limit': '{"message":"You have reached your monthly limit."}',
}
