import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml'
import type { z } from 'zod'
import { type Fault, type FieldPathInFile, formatField, quote } from './route-fault.ts'
import { RouteFile, SoundPartOfRouteFile } from './route-file.ts'

/** A route file as read: what is sound of it, and the faults of the rest. */
export interface RouteDocument {
  readonly file: string
  /** The whole, if it has the right shape. */
  readonly route: RouteFile | null
  readonly sound: SoundPartOfRouteFile
  readonly faults: readonly Fault[]
  /** A fault at this place of the file. */
  readonly fault: (path: FieldPathInFile, found: string, remedy: string) => Fault
}

export const readRouteDocument = (file: string, text: string): RouteDocument => {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const fault = (path: FieldPathInFile, found: string, remedy: string): Fault => {
    const offset = offsetOf(document.contents, path)
    return { file, line: offset === null ? null : lines.linePos(offset).line, field: formatField(path), found, remedy }
  }
  const unreadable = [
    // One slip makes many errors: the first is where it is.
    ...[...document.errors, ...document.warnings].slice(0, 1).map(({ message, pos }) => ({ message, offset: pos[0] })),
    ...bareTemplates(document.contents),
  ].map(
    ({ message, offset }): Fault => ({
      file,
      line: lines.linePos(offset).line,
      field: '',
      found: message.split('\n')[0] ?? message,
      remedy: 'mend the YAML; put a text that starts with {{ in quotes',
    }),
  )
  if (unreadable.length > 0) return { file, route: null, sound: {}, faults: unreadable, fault }

  const raw: unknown = document.toJS()
  const whole = RouteFile.safeParse(raw)
  if (whole.success) return { file, route: whole.data, sound: whole.data, faults: [], fault }
  return { file, route: null, sound: soundPartOf(raw, whole.error), faults: faultsOf(whole.error, raw, fault), fault }
}

/** `text: {{ amount }}` without quotes is, to YAML, a mapping within a mapping. */
const bareTemplates = (contents: Node | null): { message: string; offset: number }[] => {
  const found: { message: string; offset: number }[] = []
  visit(contents, {
    Pair: (_, { key }) => {
      if (isMap(key)) found.push({ message: 'a {{ }} without quotes', offset: key.range?.[0] ?? 0 })
    },
  })
  return found
}

const soundPartOf = (raw: unknown, error: z.ZodError): SoundPartOfRouteFile => {
  if (typeof raw !== 'object' || raw === null) return {}
  const faulty = new Set(error.issues.map(({ path }) => path[0]))
  const known = new Set<string>(Object.keys(RouteFile.shape))
  const sound = Object.fromEntries(Object.entries(raw).filter(([key]) => known.has(key) && !faulty.has(key)))
  const parsed = SoundPartOfRouteFile.safeParse(sound)
  return parsed.success ? parsed.data : {}
}

const faultsOf = (error: z.ZodError, raw: unknown, fault: RouteDocument['fault']): Fault[] =>
  error.issues.flatMap((issue) => {
    const path = issue.path.filter((step) => typeof step !== 'symbol')
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => fault([...path, key], `an unknown field "${key}"`, issue.message))
    }
    return [fault(path, quote(valueAt(raw, path)), issue.message)]
  })

const valueAt = (value: unknown, path: FieldPathInFile): unknown =>
  path.reduce<unknown>(
    (at, step) => (typeof at === 'object' && at !== null ? Object.getOwnPropertyDescriptor(at, step)?.value : undefined),
    value,
  )

/** Where the path ends, or the nearest thing above it. */
const offsetOf = (root: Node | null, path: FieldPathInFile): number | null => {
  let node: unknown = root
  let offset = root?.range?.[0] ?? null
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step)
      if (!pair) return offset
      offset = (isScalar(pair.key) ? pair.key.range?.[0] : undefined) ?? offset
      node = pair.value
    } else if (isSeq(node) && typeof step === 'number') {
      node = node.items[step]
      offset = (isMap(node) || isSeq(node) || isScalar(node) ? node.range?.[0] : undefined) ?? offset
    } else {
      return offset
    }
  }
  return offset
}
