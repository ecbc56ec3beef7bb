import type { Message } from '../domain/message.ts'
import type { BannedWord, BannedWords } from './banned-words.ts'
import type { ChannelRules } from './channel-rules.ts'
import type { NotifyingDocument } from './route-document.ts'
import { type Fault, type Findings, quote } from './route-fault.ts'
import type { MessageSource } from './route-file.ts'
import { seenTexts } from './seen-texts.ts'

/** A text of a message that reads like advertising. */
export interface Advertisement {
  /** As LINE writes it: `messages[0].altText`. */
  readonly property: string
  readonly word: BannedWord
}

/** One that goes out all the same. */
export interface Advertised extends Advertisement {
  readonly route: string
}

/** What reads like advertising in a message that a route made, each word once. */
export type AdvertisementsIn = (message: Message) => readonly Advertisement[]

/** Texts that are the same for everyone are looked at only now. */
export const advertisementsOf = (
  source: MessageSource,
  { bannedWords }: Pick<ChannelRules, 'bannedWords'>,
  except: readonly string[],
): AdvertisementsIn => {
  const texts = seenTexts(source)
  const wordsIn = (text: string, property: string) => bannedWords.findIn(text, except).map((word) => ({ property, word }))
  const always = texts.flatMap(({ rendered, written, property }) => (rendered ? [] : wordsIn(written, property)))
  const dependent = texts.flatMap(({ rendered, property }) => (rendered ? [{ rendered, property }] : []))
  return (message) => {
    const found = dependent.flatMap(({ rendered, property }) => wordsIn(rendered(message), property))
    if (always.length + found.length === 0) return NONE
    return [...new Map([...found, ...always].map((each) => [each.word.id, each])).values()]
  }
}

const NONE: readonly Advertisement[] = []

/** What of a route file reads like advertising as it stands, and exceptions that are none. */
export const advertisingFindings = ({ sound, fault }: NotifyingDocument, rules: ChannelRules): Findings => {
  const except = sound.advertising?.except ?? []
  const { bannedWords } = rules
  const found = seenTexts(sound.message ?? { flexible: [] }).flatMap(({ path, written }) =>
    bannedWords
      .findIn(written, except)
      .map(({ id, says, found }) => fault(['message', ...path], `${quote(found)} (${id}: ${says})`, REMEDY)),
  )
  const useless = uselessExceptions(except, bannedWords, fault)
  return rules.advertising === 'refuse' ? { faults: found, warnings: useless } : { faults: [], warnings: [...found, ...useless] }
}

const REMEDY =
  'LINE forbids advertising: reword it, or, if it is none, name the text around it in advertising: { except: [口座振替割引] }'

const uselessExceptions = (except: readonly string[], bannedWords: BannedWords, fault: NotifyingDocument['fault']): Fault[] =>
  except.flatMap((text, index) =>
    bannedWords.findIn(text, []).length > 0
      ? []
      : [fault(['advertising', 'except', index], quote(text), 'take it away: nothing in it is taken for advertising')],
  )
