import { isMap, isScalar, isSeq, type Node, visit } from 'yaml'
import type { z } from 'zod'
import { readYaml } from '../yaml-text.ts'
import { type Fault, type FieldPathInFile, formatField, quote } from './route-fault.ts'
import { CancellingFile, NotifyingFile, SoundPartOfCancellingFile, SoundPartOfNotifyingFile } from './route-file.ts'

/** A route file as read: what is sound of it, and the faults of the rest. One that has `cancels` is of that form. */
export type RouteDocument = NotifyingDocument | CancellingDocument

export interface NotifyingDocument extends ReadFile {
  readonly kind: 'notify'
  /** The whole, if it has the right shape. */
  readonly route: NotifyingFile | null
  readonly sound: SoundPartOfNotifyingFile
}

export interface CancellingDocument extends ReadFile {
  readonly kind: 'cancel'
  readonly route: CancellingFile | null
  readonly sound: SoundPartOfCancellingFile
}

interface ReadFile {
  readonly file: string
  readonly faults: readonly Fault[]
  /** Whether the file has this setting, sound or not. */
  readonly has: (setting: string) => boolean
  /** A fault at this place of the file. */
  readonly fault: (path: FieldPathInFile, found: string, remedy: string) => Fault
}

export const readRouteDocument = (file: string, text: string): RouteDocument => {
  const yaml = readYaml(text)
  if (yaml.kind === 'faulty') {
    const { line, quoting, remedy } = yaml.fault
    return unreadable(file, [{ file, line, field: '', found: quoting, remedy }])
  }
  const { contents, value: raw, lineAt } = yaml
  const bare = bareTemplates(contents).map((offset): Fault => {
    return { file, line: lineAt(offset), field: '', found: 'a {{ }} without quotes', remedy: BARE_REMEDY }
  })
  if (bare.length > 0) return unreadable(file, bare)

  const fault = (path: FieldPathInFile, found: string, remedy: string): Fault => {
    const offset = offsetOf(contents, path)
    return { file, line: offset === null ? null : lineAt(offset), field: formatField(path), found, remedy }
  }
  const has = (setting: string) => typeof raw === 'object' && raw !== null && Object.hasOwn(raw, setting)
  const read = { file, has, fault }
  if (has('cancels')) {
    const whole = CancellingFile.safeParse(raw)
    if (whole.success) return { ...read, kind: 'cancel', route: whole.data, sound: whole.data, faults: [] }
    const sound = SoundPartOfCancellingFile.safeParse(withoutFaulty(raw, whole.error)).data ?? {}
    return { ...read, kind: 'cancel', route: null, sound, faults: faultsOf(whole.error, raw, fault) }
  }
  const whole = NotifyingFile.safeParse(raw)
  if (whole.success) return { ...read, kind: 'notify', route: whole.data, sound: whole.data, faults: [] }
  const sound = SoundPartOfNotifyingFile.safeParse(withoutFaulty(raw, whole.error)).data ?? {}
  return { ...read, kind: 'notify', route: null, sound, faults: faultsOf(whole.error, raw, fault) }
}

const unreadable = (file: string, faults: readonly Fault[]): RouteDocument => {
  const fault = (path: FieldPathInFile, found: string, remedy: string): Fault => {
    return { file, line: null, field: formatField(path), found, remedy }
  }
  return { kind: 'notify', file, route: null, sound: {}, faults, has: () => false, fault }
}

const BARE_REMEDY = 'mend the YAML; put a text that starts with {{ in quotes'

/** Where they are: `text: {{ amount }}` without quotes is, to YAML, a mapping within a mapping. */
const bareTemplates = (contents: Node | null): readonly number[] => {
  const found: number[] = []
  visit(contents, {
    Pair: (_, { key }) => {
      if (isMap(key)) found.push(key.range?.[0] ?? 0)
    },
  })
  return found
}

const withoutFaulty = (raw: unknown, error: z.ZodError): object => {
  if (typeof raw !== 'object' || raw === null) return {}
  const faulty = new Set(
    error.issues.flatMap((issue) =>
      issue.path.length === 0 && issue.code === 'unrecognized_keys' ? issue.keys : [issue.path[0]],
    ),
  )
  return Object.fromEntries(Object.entries(raw).filter(([key]) => !faulty.has(key)))
}

const faultsOf = (error: z.ZodError, raw: unknown, fault: RouteDocument['fault']): Fault[] =>
  error.issues.flatMap((issue) => {
    const path = issue.path.filter((step) => typeof step !== 'symbol')
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => fault([...path, key], `an unknown field ${quote(key)}`, nestedRemedy(key) ?? issue.message))
    }
    return [fault(path, quote(valueAt(raw, path)), issue.message)]
  })

const LONGEST_KEY = 80

/** `unknown.policy: resend` is one key to YAML. */
const nestedRemedy = (key: string): string | undefined => {
  const [outer, ...inner] = key.split('.')
  if (inner.length === 0 || key.length > LONGEST_KEY) return undefined
  return `write it as a mapping: ${outer}: { ${inner.join(': { ')}: …${' }'.repeat(inner.length)}`
}

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
