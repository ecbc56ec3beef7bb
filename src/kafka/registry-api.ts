import { fetch } from 'undici'
import { z } from 'zod'
import type { RegistryAddress } from './event-reader.ts'
import { RegistryError } from './registry-error.ts'

/** What of a registry only `tsuchi check` asks: subjects, their versions, and what may follow them. Every call throws RegistryError when
 *  the registry cannot be asked. */
export interface RegistryApi {
  subjects(): Promise<ReadonlySet<string>>
  versionsOf(subject: string): Promise<readonly number[]>
  versionOf(subject: string, version: number): Promise<RegisteredVersion>
  /** That of the registry as a whole where the subject has none of its own; null: the registry knows of none. */
  levelOf(subject: string): Promise<string | null>
  /** Whether the schema may be registered next, by the subject's level; null: there is nothing yet to compare it with. */
  accepts(subject: string, schema: object): Promise<{ readonly compatible: boolean; readonly messages: readonly string[] } | null>
}

export interface RegisteredVersion {
  readonly version: number
  readonly id: number
  /** AVRO, JSON or PROTOBUF. */
  readonly type: string
  readonly text: string
  readonly hasReferences: boolean
}

/** Of one request, once it is its turn. */
const TIMEOUT_MS = 4_000
/** Requests under way: a registry may be far away, and must not be flooded. */
const AT_ONCE = 8
const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json'

export const createRegistryApi = ({ url, username, password }: RegistryAddress): RegistryApi => {
  const base = url.replace(/\/$/, '')
  const headers = {
    accept: `${CONTENT_TYPE}, application/json`,
    ...(username !== undefined && {
      authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`,
    }),
  }
  const slots = createSlots(AT_ONCE)
  const ask = (path: string, body?: object): Promise<Answer> => slots(() => askNow(path, body))
  const askNow = async (path: string, body?: object): Promise<Answer> => {
    const answer = await fetch(`${base}${path}`, {
      headers: { ...headers, ...(body && { 'content-type': CONTENT_TYPE }) },
      method: body ? 'POST' : 'GET',
      redirect: 'manual', // the credentials are for this address alone
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body && { body: JSON.stringify(body) }),
    }).catch((cause: unknown) => {
      throw new RegistryError('unreachable', reasonOf(cause), { cause })
    })
    const text = await answer.text().catch((cause: unknown) => {
      throw new RegistryError('unreachable', reasonOf(cause), { cause })
    })
    return judged(answer.status, parse(text))
  }

  return {
    subjects: async () => new Set(read(await ask('/subjects'), z.array(z.string()))),
    versionsOf: async (subject) => read(await ask(`/subjects/${encodeURIComponent(subject)}/versions`), z.array(z.number())),
    versionOf: async (subject, version) => {
      const answer = await ask(`/subjects/${encodeURIComponent(subject)}/versions/${version}`)
      const { id, schema, schemaType, references } = read(answer, registered)
      return { version, id, type: schemaType, text: schema, hasReferences: (references ?? []).length > 0 }
    },
    levelOf: async (subject) => {
      const own = await ask(`/config/${encodeURIComponent(subject)}?defaultToGlobal=true`)
      // Registries of old do not know that parameter.
      const answer = own.kind === 'absent' ? await ask('/config') : own
      return answer.kind === 'absent' ? null : read(answer, z.object({ compatibilityLevel: z.string() })).compatibilityLevel
    },
    accepts: async (subject, schema) => {
      const body = { schema: JSON.stringify(schema), schemaType: 'AVRO' }
      const versions = `/compatibility/subjects/${encodeURIComponent(subject)}/versions`
      const all = await ask(`${versions}?verbose=true`, body)
      // Registries of old compare with one version at a time.
      const answer = all.kind === 'absent' ? await ask(`${versions}/latest?verbose=true`, body) : all
      if (answer.kind === 'absent') return null
      const { is_compatible: compatible, messages } = read(answer, compatibility)
      return { compatible, messages: messages ?? [] }
    },
  }
}

/** Runs so many at a time, the others in the order they came. */
const createSlots = (most: number) => {
  const waiting: (() => void)[] = []
  let free = most
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free += 1
    }
  }
}

type Answer = { readonly kind: 'found'; readonly json: unknown } | { readonly kind: 'absent'; readonly code: number }

const registered = z.object({
  id: z.number(),
  schema: z.string(),
  schemaType: z.string().default('AVRO'),
  references: z.array(z.unknown()).nullish(),
})
const compatibility = z.object({ is_compatible: z.boolean(), messages: z.array(z.string()).nullish() })
const refusal = z.object({ error_code: z.number() })

const judged = (status: number, json: unknown): Answer => {
  if (status === 401 || status === 403) throw new RegistryError('unauthorized', `HTTP ${status}`)
  if (status === 404 || (status >= 300 && status < 400)) {
    // The registry's own 404 has a code; that of whatever else answers there has none.
    const code = status === 404 ? refusal.safeParse(json).data?.error_code : undefined
    if (code === undefined || !String(code).startsWith('404')) throw new RegistryError('wrong-path', `HTTP ${status}`)
    return { kind: 'absent', code }
  }
  if (status !== 200) throw new RegistryError('failed', `HTTP ${status}`)
  return { kind: 'found', json }
}

const read = <T>(answer: Answer, shape: z.ZodType<T>): T => {
  if (answer.kind === 'absent') throw new RegistryError('failed', `error ${answer.code}`)
  const parsed = shape.safeParse(answer.json)
  if (!parsed.success) throw new RegistryError('wrong-path', 'an answer of another content')
  return parsed.data
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // HTML, mostly
  }
}

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'no answer'
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1_000} s`
  const { cause } = error
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'no answer'
}
