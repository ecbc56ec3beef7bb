import { Agent } from 'undici'
import { type Forwarded, type ForwardedBody, postForward } from './forward-post.ts'

/** Takes the bodies of one channel on to a partner's tool, as they came. LINE's answer does not wait for it. */
export interface Forwarder {
  /** Returns at once, and never throws. The bytes must not change after. */
  forward(body: ForwardedBody): void
  /** Bodies and bytes that are held. */
  held(): { readonly bodies: number; readonly bytes: number }
  /** Tries what is left, for so long; what is left then is lost. Takes nothing more. */
  close(budgetMs: number): Promise<void>
}

/** `taken`: the tool has it, perhaps twice. `refused`: it does not want it. `given-up`: it was not there for as long as one tries.
 *  `no-room`: more waits already than is held. `stopped`: this process ended. */
export const FORWARD_OUTCOMES = ['taken', 'refused', 'given-up', 'no-room', 'stopped'] as const
export type ForwardOutcome = (typeof FORWARD_OUTCOMES)[number]

/** Bodies that the tool will not get. */
export interface ForwardLoss {
  readonly outcome: Exclude<ForwardOutcome, 'taken'>
  /** A status, an error's code, or `queue` or `stop`. */
  readonly cause: string
  readonly bodies: number
}

export interface ForwarderOptions {
  readonly url: string
  /** Milliseconds that only go forward. */
  readonly monotonic: () => number
  /** Once for each body. */
  readonly onOutcome: (outcome: ForwardOutcome) => void
  /** Gathered over some seconds: a tool that is away for long would fill the log. */
  readonly onLoss: (loss: ForwardLoss) => void
  readonly limits?: Partial<ForwardLimits>
}

export interface ForwardLimits {
  readonly bodies: number
  readonly bytes: number
  /** Requests at a time. */
  readonly concurrency: number
  /** Of one request. */
  readonly timeoutMs: number
  /** From when the body came. */
  readonly tryForMs: number
  /** Before the second attempt; twice as long before each further one, up to the longest. */
  readonly gapMs: number
  readonly longestGapMs: number
  readonly lossesEveryMs: number
}

/** LINE's bodies have some 500 bytes to 30 KB. */
const LIMITS: ForwardLimits = {
  bodies: 10_000,
  bytes: 64 << 20,
  concurrency: 8,
  timeoutMs: 10_000,
  tryForMs: 60_000,
  gapMs: 250,
  longestGapMs: 8_000,
  lossesEveryMs: 10_000,
}

interface Parcel {
  readonly body: ForwardedBody
  /** When it is given up. */
  readonly until: number
  attempts: number
}

export const createForwarder = ({ url, monotonic, onOutcome, onLoss, ...options }: ForwarderOptions): Forwarder => {
  const limits = { ...LIMITS, ...options.limits }
  const agent = new Agent({ connections: limits.concurrency, pipelining: 1, connect: { timeout: limits.timeoutMs } })
  const ready = new Set<Parcel>()
  const resting = new Map<Parcel, NodeJS.Timeout>()
  let underWay = 0
  let bytes = 0
  const losses = createLosses(onLoss, limits.lossesEveryMs)
  const cut = new AbortController()
  let emptied: PromiseWithResolvers<void> | undefined

  const count = () => ready.size + resting.size + underWay
  const end = (parcel: Parcel, outcome: ForwardOutcome, cause: string) => {
    bytes -= parcel.body.bytes.length
    onOutcome(outcome)
    if (outcome !== 'taken') losses.add(outcome, cause)
    if (count() === 0) emptied?.resolve()
  }

  const go = (): void => {
    for (const parcel of ready) {
      if (underWay >= limits.concurrency) return
      ready.delete(parcel)
      if (monotonic() >= parcel.until) {
        end(parcel, 'given-up', 'queue')
        continue
      }
      underWay += 1
      parcel.attempts += 1
      postForward(url, parcel.body, { dispatcher: agent, timeoutMs: limits.timeoutMs, signal: cut.signal }).then((forwarded) => {
        underWay -= 1
        settle(parcel, forwarded)
        go()
      }, crash)
    }
  }

  const settle = (parcel: Parcel, forwarded: Forwarded): void => {
    if (forwarded.kind === 'taken') return end(parcel, 'taken', '')
    if (forwarded.kind === 'refused') return end(parcel, 'refused', forwarded.cause)
    if (cut.signal.aborted) return end(parcel, 'stopped', 'stop')
    const gap = Math.min(limits.gapMs * 2 ** (parcel.attempts - 1), limits.longestGapMs)
    if (monotonic() + gap >= parcel.until) return end(parcel, 'given-up', forwarded.cause)
    const timer = setTimeout(() => {
      resting.delete(parcel)
      ready.add(parcel)
      go()
    }, gap)
    resting.set(parcel, timer)
  }

  const stopResting = (): Parcel[] => {
    const rested = [...resting.keys()]
    for (const timer of resting.values()) clearTimeout(timer)
    resting.clear()
    return rested
  }

  const cutOff = (): void => {
    cut.abort()
    const left = [...ready, ...stopResting()]
    ready.clear()
    for (const parcel of left) end(parcel, 'stopped', 'stop')
  }

  return {
    forward: (body) => {
      const parcel = { body, until: monotonic() + limits.tryForMs, attempts: 0 }
      const isRoom = count() < limits.bodies && bytes + body.bytes.length <= limits.bytes
      bytes += body.bytes.length
      if (emptied) return end(parcel, 'stopped', 'stop')
      if (!isRoom) return end(parcel, 'no-room', 'queue')
      ready.add(parcel)
      go()
    },
    held: () => ({ bodies: count(), bytes }),
    close: async (budgetMs) => {
      emptied ??= Promise.withResolvers<void>()
      for (const parcel of stopResting()) ready.add(parcel)
      go()
      if (count() === 0) emptied.resolve()
      const timer = setTimeout(cutOff, budgetMs)
      await emptied.promise
      clearTimeout(timer)
      losses.close()
      await agent.destroy()
    },
  }
}

/** Tells of losses of one kind together. */
const createLosses = (onLoss: ForwarderOptions['onLoss'], everyMs: number) => {
  const known = new Map<string, ForwardLoss>()
  let timer: NodeJS.Timeout | undefined
  const tell = (): void => {
    timer = undefined
    for (const loss of known.values()) onLoss(loss)
    known.clear()
  }
  return {
    add: (outcome: ForwardLoss['outcome'], cause: string): void => {
      const key = `${outcome} ${cause}`
      known.set(key, { outcome, cause, bodies: (known.get(key)?.bodies ?? 0) + 1 })
      timer ??= setTimeout(tell, everyMs)
    },
    close: (): void => {
      clearTimeout(timer)
      tell()
    },
  }
}

/** postForward never throws, so it is a defect: not to be passed over in silence. */
const crash = (error: unknown): void => {
  setImmediate(() => {
    throw error
  })
}
