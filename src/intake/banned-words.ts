/** Words and shapes of advertising, which LINE forbids in notification messages: data, so that a company can add its own. */
export interface BannedWords {
  /** Each kind at most once, in the order of the file. What is within one of `except` (texts that a route is allowed) does not count. */
  readonly findIn: (text: string, except: readonly string[]) => readonly BannedWord[]
}

export interface BannedWord {
  /** Names it in reports and metrics: `coupon`. */
  readonly id: string
  /** Why it is taken for advertising, for whoever wrote the route. */
  readonly says: string
}

export type BannedWordsReading =
  | { readonly kind: 'read'; readonly words: BannedWords }
  | { readonly kind: 'faulty'; readonly faults: readonly string[] }

/** Tells every fault of the file at once. */
export const readBannedWords = (_file: string): BannedWordsReading => ({ kind: 'faulty', faults: ['not yet'] })

export const SHIPPED_BANNED_WORDS: BannedWords = { findIn: () => [] }
