import type { z } from 'zod'
import { type Reply, refuse } from './reply.ts'

export type JsonObject = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export type Parsed = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly reply: Reply }

export const parseJson = (text: string): Parsed => {
  try {
    return { ok: true, value: JSON.parse(text) }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const { line, column } = placeOf(error, text)
    return { ok: false, reply: refuse(400, `The request body could not be parsed as JSON (line: ${line}, column: ${column})`) }
  }
}

/** LINE's answer to a value of the wrong type: only the first is named, and its place usually printed as dashes. */
export const wrongType = (error: z.ZodError): Reply => {
  const property = (error.issues[0]?.path ?? []).reduce<string>(
    (path, step) => (typeof step === 'number' ? `${path}[${step}]` : path === '' ? String(step) : `${path}.${String(step)}`),
    '',
  )
  return refuse(400, `The property, '${property}', in the request body is invalid (line: -, column: -)`)
}

/** V8 names the place in most of its messages; when the text just ends it is the end, and otherwise nobody knows. */
const placeOf = (error: SyntaxError, text: string): { line: number | '-'; column: number | '-' } => {
  const named = /line (\d+) column (\d+)/.exec(error.message)
  if (named) return { line: Number(named[1]), column: Number(named[2]) }
  if (!error.message.includes('end of JSON')) return { line: '-', column: '-' }
  const lines = text.split('\n')
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 }
}
