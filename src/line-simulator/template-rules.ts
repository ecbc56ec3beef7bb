import { z } from 'zod'
import type { Catalogue } from '../providers/line/catalogue.ts'
import { addressShape, checkAddress, checkUnits } from './address-rules.ts'
import { wrongType } from './json.ts'
import { type Reply, refuse, type Violation } from './reply.ts'
import { checkUri } from './uri-rules.ts'
import { Violations } from './violations.ts'

const itemShape = z.object({ itemKey: z.string().nullish(), content: z.string().nullish() })
const buttonShape = z.object({ buttonKey: z.string().nullish(), url: z.string().nullish() })
const templateShape = z.object({
  ...addressShape,
  templateKey: z.string().nullish(),
  body: z
    .object({
      emphasizedItem: itemShape.nullish(),
      items: z.array(itemShape).nullish(),
      buttons: z.array(buttonShape).nullish(),
    })
    .nullish(),
})
type Body = NonNullable<z.infer<typeof templateShape>['body']>
type Item = z.infer<typeof itemShape>

/** LINE's refusal of a template push, or nothing. Three kinds of 400 with three shapes of `message`: what is wrong in itself comes
 *  first, then a template the account may not use, then item and button keys that do not exist. */
export const refuseTemplate = (json: unknown, catalogue: Catalogue): Reply | undefined => {
  const read = templateShape.safeParse(json)
  if (!read.success) return wrongType(read.error)
  const { templateKey } = read.data
  const body = read.data.body ?? {}

  const violations = new Violations()
  checkAddress(read.data, violations)
  violations.text(templateKey, 'templateKey', Number.POSITIVE_INFINITY)
  checkItems(body, violations)
  checkButtons(body, violations)
  checkUnits(read.data, violations)
  const refusal = violations.refusal()
  if (refusal || !templateKey) return refusal

  if (!catalogue.templates.has(templateKey)) {
    return refuse(400, `Invalid templateKey: ${templateKey}`, [
      { message: "The specified template doesn't exist, or you don't have the permission", property: 'templateKey' },
    ])
  }
  const unknown = unknownKeys(body, catalogue)
  if (unknown.length > 0) return refuse(400, `The request body has ${unknown.length} invalid key(s).`, unknown)
  return undefined
}

const checkItems = ({ emphasizedItem, items }: Body, violations: Violations): void => {
  const rest = items ?? []
  if (emphasizedItem) {
    checkItem(emphasizedItem, 'body.emphasizedItem', 15, violations)
    const key = emphasizedItem.itemKey
    if (key && rest.some((item) => item.itemKey === key)) violations.add(duplicate(key), 'body.emphasizedItem.itemKey')
  }
  violations.size(rest, 'body.items', 0, 15)
  for (const [index, item] of rest.entries()) {
    checkItem(item, `body.items[${index}]`, 300, violations)
    const key = item.itemKey
    if (key && rest.findIndex((other) => other.itemKey === key) < index) {
      violations.add(duplicate(key), `body.items[${index}].itemKey`)
    }
  }
}

const checkItem = (item: Item, property: string, max: number, violations: Violations): void => {
  violations.text(item.itemKey, `${property}.itemKey`, Number.POSITIVE_INFINITY)
  violations.text(item.content, `${property}.content`, max)
}

const duplicate = (key: string): string =>
  `Duplicate itemKey in items or between emphasizedItem and items are not allowed: ${key}`

const checkButtons = (body: Body, violations: Violations): void => {
  const buttons = body.buttons ?? []
  violations.size(buttons, 'body.buttons', 0, 2)
  for (const [index, { buttonKey, url }] of buttons.entries()) {
    const property = `body.buttons[${index}]`
    violations.text(buttonKey, `${property}.buttonKey`, Number.POSITIVE_INFINITY)
    if (buttonKey && buttons.findIndex((other) => other.buttonKey === buttonKey) < index) {
      violations.add(`Duplicate buttonKey in buttons are not allowed: ${buttonKey}`, `${property}.buttonKey`)
    }
    if (!violations.text(url, `${property}.url`, 1000)) continue
    const fault = checkUri(url)
    if (fault) violations.add(fault, `${property}.url`)
  }
}

const unknownKeys = ({ emphasizedItem, items, buttons }: Body, catalogue: Catalogue): Violation[] => {
  const unknown: Violation[] = []
  const check = (
    known: ReadonlyMap<string, unknown>,
    kind: 'item' | 'button',
    key: string | null | undefined,
    property: string,
  ) => {
    if (key && !known.has(key)) unknown.push({ message: `The specified ${kind} key does not exist: ${key}`, property })
  }
  check(catalogue.items, 'item', emphasizedItem?.itemKey, 'body.emphasizedItem.itemKey')
  for (const [index, item] of (items ?? []).entries())
    check(catalogue.items, 'item', item.itemKey, `body.items[${index}].itemKey`)
  for (const [index, button] of (buttons ?? []).entries()) {
    check(catalogue.buttons, 'button', button.buttonKey, `body.buttons[${index}].buttonKey`)
  }
  return unknown
}
