import { setTimeout } from 'node:timers/promises'
import { fetch, type Response } from 'undici'

/** One question to a registry. */
export interface RegistryQuestion {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** Of one answer, from connecting to its last byte. */
  readonly timeoutMs?: number
}

export type RegistryAnswer =
  /** The JSON is undefined where there is none. */
  | { readonly kind: 'answered'; readonly status: number; readonly json: unknown }
  /** `code`: of the system, or what there is to say. */
  | { readonly kind: 'unreachable'; readonly code: string }

const TIMEOUT_MS = 4_000
/** A schema has 1 MiB at most, as what keeps it is a record of Kafka; the list of all subjects may be longer. */
const MOST_BYTES = 8 << 20

/** Ends within the time, whatever answers: also one that trickles, breaks off, or has no end. Never rejects. */
export const askRegistry = async ({ url, timeoutMs = TIMEOUT_MS, ...given }: RegistryQuestion): Promise<RegistryAnswer> => {
  try {
    const answer = await fetch(url, {
      ...given,
      redirect: 'manual', // the credentials are for this address alone
      signal: AbortSignal.timeout(timeoutMs),
    })
    const text = await textOf(answer)
    if (text === undefined) return { kind: 'unreachable', code: `an answer above ${MOST_BYTES >> 20} MiB` }
    return { kind: 'answered', status: answer.status, json: parse(text) }
  } catch (error) {
    return { kind: 'unreachable', code: codeOf(error, timeoutMs) }
  }
}

/** Of what only asks, a failed attempt is made once more: a registry that is being restarted has others beside it. */
export const askRegistryAgain = async (question: RegistryQuestion): Promise<RegistryAnswer> => {
  const answer = await askRegistry(question)
  const failed = answer.kind === 'unreachable' || answer.status >= 500
  if (!failed || question.method !== 'GET') return answer
  await setTimeout(RETRY_MS)
  return askRegistry(question)
}

const RETRY_MS = 100

const textOf = async ({ body }: Response): Promise<string | undefined> => {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of body ?? []) {
    bytes += part.byteLength
    if (bytes > MOST_BYTES) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // HTML, mostly
  }
}

const codeOf = (error: unknown, timeoutMs: number): string => {
  if (!(error instanceof Error)) return 'no answer'
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1_000} s`
  const { cause } = error
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'no answer'
}
