import type { ViolationsOf } from '../domain/violation.ts'
import type { BannedWords } from './banned-words.ts'

/** What a channel wants of the routes and messages that use it. */
export interface ChannelRules {
  /** LINE's rules for messages, and the keys that this account may use. */
  readonly violationsOf: ViolationsOf
  /** What looks like advertising, and whether it is refused or only pointed out. */
  readonly bannedWords: BannedWords
  readonly advertising: 'warn' | 'refuse'
  /** Whether flexible messages go without a record of LINE's review: real people get them only with one. */
  readonly review: 'required' | 'advised' | 'none'
}
