import type { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import { askRegistryAgain, type RegistryAnswer } from './registry-answer.ts'
import { FOREIGN, isFitForLog, RegistryAnswerError } from './registry-error.ts'

/** Takes the place of the HTTP of the registry's client. That waits for ever for what is left of an answer that has broken off, keeps all of one
 *  that has no end, and fails where nobody can catch it on an error whose JSON is `null`: a worker stands still, or dies. What it asks, and what
 *  it makes of the answers, stays with the client. */
export const registryTransport = ({ username, password, timeoutMs }: TransportOptions): Middleware => {
  const authorization = authorizationOf({ username, password })
  const secrets = [password, authorization?.split(' ')[1]].filter((secret) => secret !== undefined && secret !== '')
  const isSaid = (words: string) => isFitForLog(words) && !secrets.some((secret) => words.includes(String(secret)))
  const transport = () => ({
    // The outermost of them: what the client has within is not asked.
    response: async (_next: unknown, _renew: unknown, request: Asked) => {
      const body = request.body()
      const answer = await askRegistryAgain({
        url: request.url(),
        method: request.method().toUpperCase(),
        headers: { ...request.headers(), accept: ACCEPT, ...(authorization !== null && { authorization }) },
        ...(typeof body === 'string' && { body }),
        ...(timeoutMs !== undefined && { timeoutMs }),
      })
      const json = jsonIn(answer, isSaid)
      if (ASKS_SCHEMA.test(request.url()) && !('schema' in json && typeof json.schema === 'string'))
        throw new RegistryAnswerError(FOREIGN)
      return { data: () => json }
    },
  })
  return transport as unknown as Middleware
}

export interface TransportOptions {
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly timeoutMs?: number | undefined
}

/** Null: the registry asks nobody who they are. */
export const authorizationOf = ({ username, password }: TransportOptions): string | null =>
  username === undefined ? null : `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`

type Middleware = NonNullable<ConstructorParameters<typeof SchemaRegistry>[0]['middlewares']>[number]

/** The client's request, as far as it is needed. */
interface Asked {
  url(): string
  method(): string
  headers(): Readonly<Record<string, string>>
  body(): unknown
}

/** Answered with a schema. */
const ASKS_SCHEMA = /\/(schemas\/ids|versions)\/[^/]+$/
const ACCEPT = 'application/vnd.schemaregistry.v1+json, application/json'

/** Throws as the client does, for whoever asks it: `status`, and a message that troubleOf reads. */
const jsonIn = (answer: RegistryAnswer, isSaid: (words: string) => boolean): object => {
  if (answer.kind === 'unreachable') throw new RegistryAnswerError(answer.code)
  const { status, json } = answer
  const content = typeof json === 'object' && json !== null ? json : {}
  if (status === 200 && content === json) return content
  if (status >= 200 && status < 300) throw new RegistryAnswerError(FOREIGN)
  const said = 'message' in content && typeof content.message === 'string' && isSaid(content.message) ? content.message : null
  throw new RegistryAnswerError(wordsOf(status, 'error_code' in content ? String(content.error_code) : '', said), status)
}

/** Only the registry itself has a code of its own for what it has not; whatever else is on the way, a proxy for instance, has none. */
const wordsOf = (status: number, code: string, said: string | null): string => {
  if (status !== 404) return said ?? `Error, status ${status}`
  return /^404\d{0,2}$/.test(code) ? (said ?? `not found (error ${code})`) : 'Error, status 404'
}
