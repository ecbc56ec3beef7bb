import { z } from 'zod'
import { checkAction } from './action-rules.ts'
import { addressShape, checkAddress, checkUnits } from './address-rules.ts'
import { checkFlex } from './flex-rules.ts'
import { isObject, type JsonObject, wrongType } from './json.ts'
import { type Reply, refuse, type Violation } from './reply.ts'
import { Violations } from './violations.ts'

const messageShape = z.looseObject({
  type: z.string().nullish(),
  text: z.string().nullish(),
  altText: z.string().nullish(),
})
const flexibleShape = z.object({
  ...addressShape,
  messages: z.array(messageShape).nullish(),
  notificationDisabled: z.boolean().nullish(),
})
type MessageObject = z.infer<typeof messageShape>

/** The Messaging API's types without pictures, video and sound, which a notification message may not have. */
const TYPES = ['text', 'textV2', 'sticker', 'location', 'template', 'flex']
const ALT_TEXT = 1500

/** LINE's refusal of a flexible push, or nothing. What is wrong inside a Flex or template message is reported only when the body is
 *  otherwise sound, for the first such message, with a `message` and paths of its own. Whether the message is the one that was
 *  reviewed cannot be known here. */
export const refuseFlexible = (json: unknown): Reply | undefined => {
  const read = flexibleShape.safeParse(json)
  if (!read.success) return wrongType(read.error)
  const messages = read.data.messages ?? []

  const violations = new Violations()
  checkAddress(read.data, violations)
  violations.size(messages, 'messages', 1, 5)
  for (const [index, message] of messages.entries()) checkMessage(message, `messages[${index}]`, violations)
  checkUnits(read.data, violations)
  const refusal = violations.refusal()
  if (refusal) return refusal

  for (const [index, message] of messages.entries()) {
    const inside = checkInside(message)
    if (inside.length > 0) return refuse(400, `A message (messages[${index}]) in the request body is invalid`, inside)
  }
  return undefined
}

const checkMessage = (message: MessageObject, property: string, violations: Violations): void => {
  switch (message.type) {
    case 'text':
    case 'textV2':
      violations.text(message.text, `${property}.text`, 5000)
      return
    case 'flex':
    case 'template':
      violations.text(message.altText, `${property}.altText`, ALT_TEXT)
      return
    case 'sticker':
      for (const field of ['packageId', 'stickerId']) require(message, field, property, violations)
      return
    case 'location':
      for (const field of ['title', 'address', 'latitude', 'longitude']) require(message, field, property, violations)
      return
    default:
      violations.add(`Must be one of the following values: [${TYPES.join(', ')}]`, `${property}.type`)
  }
}

const require = (message: MessageObject, field: string, property: string, violations: Violations): void => {
  const value = message[field]
  if (value === undefined || value === null || value === '') violations.add('May not be empty', `${property}.${field}`)
}

const checkInside = (message: MessageObject): Violation[] => {
  if (message.type === 'flex') return checkFlex(message.contents)
  if (message.type === 'template') return checkTemplateMessage(message.template)
  return []
}

/** The Messaging API's template messages (buttons, confirm, carousel), which share nothing with the templates of notification
 *  messages but the name. Their pictures are refused too. */
const checkTemplateMessage = (template: unknown): Violation[] => {
  if (!isObject(template)) return [{ message: 'must be specified', property: 'template' }]
  switch (template.type) {
    case 'buttons':
    case 'confirm':
      return checkPanel(template, 'template')
    case 'carousel': {
      const columns = template.columns
      if (!Array.isArray(columns) || columns.length < 1 || columns.length > 10) {
        return [{ message: 'size must be between 1 and 10', property: 'template/columns' }]
      }
      return columns.flatMap((column: unknown, index) => checkPanel(isObject(column) ? column : {}, `template/columns/${index}`))
    }
    default:
      return [{ message: 'Must be one of the following values: [buttons, confirm, carousel]', property: 'template/type' }]
  }
}

const checkPanel = (panel: JsonObject, path: string): Violation[] => {
  const { text, actions, thumbnailImageUrl } = panel
  const found: Violation[] = []
  if (typeof text !== 'string' || text === '') found.push({ message: 'must be specified', property: `${path}/text` })
  if (thumbnailImageUrl !== undefined) found.push({ message: 'invalid property', property: `${path}/thumbnailImageUrl` })
  if (!Array.isArray(actions) || actions.length < 1 || actions.length > 4) {
    return [...found, { message: 'size must be between 1 and 4', property: `${path}/actions` }]
  }
  const taps = actions.flatMap((action: unknown, index) =>
    checkAction(action, `${path}/actions/${index}`, { max: 20, required: true }),
  )
  return [...found, ...taps]
}
