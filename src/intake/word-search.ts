import type { BannedWord, BannedWords } from './banned-words.ts'
import { asRead } from './word-text.ts'

export interface Word extends BannedWord {
  readonly pattern: RegExp
}

export const wordsOf = (words: readonly Word[]): BannedWords => {
  const any = new RegExp(words.map(({ pattern }) => `(?:${pattern.source})`).join('|'), 'iu')
  const each = words.map(({ id, says, pattern }) => ({ id, says, pattern: new RegExp(pattern, 'giu') }))
  return {
    findIn: (text, except) => {
      const read = asRead(text)
      if (!any.test(read)) return []
      const allowed = except.flatMap((each) => placesOf(asRead(each), read))
      return each.flatMap(({ id, says, pattern }) => {
        const found = firstBeyond(allowed, pattern, read)
        return found === undefined ? [] : [{ id, says, found }]
      })
    },
  }
}

interface Place {
  readonly from: number
  readonly until: number
}

const placesOf = (part: string, text: string): Place[] => {
  const places: Place[] = []
  for (let from = text.indexOf(part); part !== '' && from >= 0; from = text.indexOf(part, from + 1))
    places.push({ from, until: from + part.length })
  return places
}

/** What begins within something allowed may go beyond it, so each match is looked for from right after where the last began. */
const firstBeyond = (allowed: readonly Place[], pattern: RegExp, text: string): string | undefined => {
  pattern.lastIndex = 0
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const [from, until] = [match.index, match.index + match[0].length]
    if (!allowed.some((place) => place.from <= from && until <= place.until)) return match[0]
    pattern.lastIndex = from + 1
  }
  return undefined
}
