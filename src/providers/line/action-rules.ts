import type { Violation } from '../../domain/violation.ts'
import { filledRule, isNode, isPresent, labelRule, nameOf, typeRule, uriRules } from './rules.ts'

/** The texts that each kind of action needs beside its label. A switch of rich menus has no place in a message. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  uri: [],
  message: ['text'],
  postback: ['data'],
  clipboard: ['clipboardText'],
  datetimepicker: ['data', 'mode'],
  camera: [],
  cameraRoll: [],
  location: [],
}
const TYPES = Object.keys(NEEDED)

export interface LabelLimits {
  /** In what a reader sees as one character. */
  readonly limit: number
  readonly required: boolean
}

/** What a tap does. */
export const violationsOfAction = (property: string, action: unknown, { limit, required }: LabelLimits): Violation[] => {
  if (!isNode(action)) return [{ property, rule: 'an action', found: nameOf(action) }]
  const { type, label, uri, altUri } = action
  const needed = typeof type === 'string' && Object.hasOwn(NEEDED, type) ? (NEEDED[type] ?? []) : []
  return [
    ...typeRule(`${property}.type`, type, { among: TYPES }),
    ...(required || isPresent(label) ? labelRule(`${property}.label`, label, limit) : []),
    ...needed.flatMap((field) => filledRule(`${property}.${field}`, action[field])),
    ...(type === 'uri' ? uriRules(`${property}.uri`, uri) : []),
    ...(isPresent(altUri) ? uriRules(`${property}.altUri.desktop`, isNode(altUri) ? altUri.desktop : undefined) : []),
  ]
}
