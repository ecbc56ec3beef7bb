import type { Message } from './message.ts'

/** One content rule that a message breaks. */
export interface Violation {
  /** Where, as LINE writes it: `body.items[0].content`, `messages[0].contents.footer.contents[1].action.uri`. */
  readonly property: string
  /** What is wanted: `at most 300 characters`. */
  readonly rule: string
  /** The shape of what was found, never the value: `312 characters`. */
  readonly found: string
}

/** The provider's content rules. Intake takes them as a value, so that it knows nothing of LINE. */
export type ViolationsOf = (message: Message) => readonly Violation[]
