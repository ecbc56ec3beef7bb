import { isObject } from './json.ts'
import type { Violation } from './reply.ts'
import { checkUri } from './uri-rules.ts'

/** What LINE wants of each kind of action besides its label. */
const REQUIRED: Readonly<Record<string, string | undefined>> = {
  uri: 'uri',
  message: 'text',
  postback: 'data',
  clipboard: 'clipboardText',
  datetimepicker: 'mode',
  camera: undefined,
  cameraRoll: undefined,
  location: undefined,
}

/** Checks one action object (what a tap does). `label` is the longest label in grapheme clusters, and whether there must be one. */
export const checkAction = (action: unknown, path: string, label: { max: number; required: boolean }): Violation[] => {
  if (!isObject(action)) return [{ message: 'must be specified', property: path }]
  const { type } = action
  if (typeof type !== 'string' || !Object.hasOwn(REQUIRED, type))
    return [{ message: 'invalid property', property: `${path}/type` }]
  const found: Violation[] = checkLabel(action.label, `${path}/label`, label)
  const field = REQUIRED[type]
  if (field === undefined) return found
  const value = action[field]
  if (typeof value !== 'string' || value === '') return [...found, { message: 'must be specified', property: `${path}/${field}` }]
  if (type === 'uri') found.push(...checkLink(value, `${path}/uri`), ...checkDesktop(action.altUri, `${path}/altUri`))
  return found
}

const checkLink = (uri: string, property: string): Violation[] => {
  if (uri.length > 1000) return [{ message: 'size must be between 0 and 1000', property }]
  const fault = checkUri(uri)
  return fault ? [{ message: fault, property }] : []
}

const checkDesktop = (altUri: unknown, path: string): Violation[] => {
  if (altUri === undefined || altUri === null) return []
  const desktop = isObject(altUri) ? altUri.desktop : undefined
  if (typeof desktop !== 'string') return [{ message: 'must be specified', property: `${path}/desktop` }]
  return checkLink(desktop, `${path}/desktop`)
}

const checkLabel = (label: unknown, property: string, { max, required }: { max: number; required: boolean }): Violation[] => {
  if (typeof label !== 'string' || label === '') return required ? [{ message: 'must be specified', property }] : []
  // A grapheme cluster has at least one code unit, so a short string needs no counting.
  if (label.length <= max || clusters(label) <= max) return []
  return [{ message: `must not be longer than ${max} characters`, property }]
}

const segmenter = new Intl.Segmenter('ja', { granularity: 'grapheme' })
const clusters = (text: string): number => [...segmenter.segment(text)].length
