/** LINE has two ways to send a notification message, each with an endpoint and a rate limit of its own:
 *  `template` (LINE's fixed layouts, filled in) and `flexible` (own layout, reviewed by LINE beforehand). */
export type Endpoint = 'template' | 'flexible'

export interface Item {
  readonly itemKey: string
  readonly content: string
}

export interface Button {
  readonly buttonKey: string
  readonly url: string
}

export interface TemplateMessage {
  readonly endpoint: 'template'
  readonly templateKey: string
  readonly body: {
    readonly emphasizedItem?: Item
    readonly items?: readonly Item[]
    readonly buttons?: readonly Button[]
  }
}

/** A message object of the Messaging API (`text`, `flex` …), with every value rendered. */
export interface MessageObject {
  readonly type: string
  readonly [property: string]: unknown
}

export interface FlexibleMessage {
  readonly endpoint: 'flexible'
  readonly messages: readonly MessageObject[]
}

export type Message = TemplateMessage | FlexibleMessage
