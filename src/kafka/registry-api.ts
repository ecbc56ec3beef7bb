import { z } from 'zod'
import type { RegistryAddress } from './event-reader.ts'
import { askRegistry } from './registry-answer.ts'
import { RegistryError } from './registry-error.ts'
import { authorizationOf } from './registry-transport.ts'

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

/** Requests under way: a registry may be far away, and must not be flooded. */
const AT_ONCE = 8
const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json'

export const createRegistryApi = ({ url, username, password }: RegistryAddress): RegistryApi => {
  const base = url.replace(/\/$/, '')
  const authorization = authorizationOf({ username, password })
  const headers = { accept: `${CONTENT_TYPE}, application/json`, ...(authorization !== null && { authorization }) }
  const slots = createSlots(AT_ONCE)
  const ask = (path: string, body?: object): Promise<Answer> => slots(() => askNow(path, body))
  const askNow = async (path: string, body?: object): Promise<Answer> => {
    const answer = await askRegistry({
      url: `${base}${path}`,
      method: body ? 'POST' : 'GET',
      headers: { ...headers, ...(body && { 'content-type': CONTENT_TYPE }) },
      ...(body && { body: JSON.stringify(body) }),
    })
    if (answer.kind === 'unreachable') throw new RegistryError('unreachable', answer.code)
    return judged(answer.status, answer.json)
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
