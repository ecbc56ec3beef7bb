import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Document, isNode, LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { formatField } from './route-fault.ts'
import { readPattern } from './word-pattern.ts'

/** Words and shapes of advertising, which LINE forbids in notification messages: data, so that a company can add its own. */
export interface BannedWords {
  /** Each kind at most once, in the order of the file. What is within one of `except` (texts that a route is allowed) does not count. */
  readonly findIn: (text: string, except: readonly string[]) => readonly FoundWord[]
}

export interface BannedWord {
  /** Names it in reports and metrics: `coupon`. */
  readonly id: string
  /** Why it is taken for advertising, for whoever wrote the route. */
  readonly says: string
}

export interface FoundWord extends BannedWord {
  /** What of the text it is: of an event, perhaps. */
  readonly found: string
}

export type BannedWordsReading =
  | { readonly kind: 'read'; readonly words: BannedWords }
  | { readonly kind: 'faulty'; readonly faults: readonly string[] }

/** Reads a list of words. Every fault is told at once, with line and remedy. Quotes no value: the path may lead to another file, with
 *  secrets in it. */
export const readBannedWords = (file: string): BannedWordsReading => {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    return {
      kind: 'faulty',
      faults: [`${file} cannot be read (${code}): name the file with the words, or leave bannedWords out`],
    }
  }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const faults = document.errors.slice(0, 1).map(({ code, pos }) => `${file}:${lines.linePos(pos[0]).line} is not YAML (${code})`)
  if (faults.length > 0) return { kind: 'faulty', faults }

  const plain = plainOf(document)
  const words = WordsFile.safeParse(plain)
  const issues = [...(words.error?.issues ?? []), ...repeatedIds(plain)]
  if (words.success && issues.length === 0) return { kind: 'read', words: wordsOf(words.data) }
  const lineOf = (path: readonly PropertyKey[]): number => {
    const node = path.length === 0 ? document.contents : document.getIn(path, true)
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
    return path.length === 0 ? 1 : lineOf(path.slice(0, -1))
  }
  return {
    kind: 'faulty',
    faults: issues.map(({ path, message }) => {
      const place = formatField(path.filter((step) => typeof step !== 'symbol'))
      return `${file}:${lineOf(path)} ${place || '(the whole file)'}: ${message}`
    }),
  }
}

const plainOf = (document: Document): unknown => {
  try {
    return document.toJS()
  } catch {
    return undefined // an alias without an anchor
  }
}

const WORDS = 'write a list of { id, pattern, says }'
const ID = 'write a name of a-z, 0-9 and hyphens, such as coupon'
const SAYS = 'write why it is taken for advertising'
const PATTERN = 'write a regular expression, in quotes'

const WordsFile = z
  .array(
    z.strictObject(
      {
        id: z.string({ error: ID }).regex(/^[a-z0-9-]{1,40}$/, { error: ID }),
        pattern: z.string({ error: PATTERN }).transform((text, context) => {
          const reading = readPattern(text)
          if (reading.kind === 'pattern') return reading.pattern
          context.addIssue({ code: 'custom', message: reading.remedy })
          return z.NEVER
        }),
        says: z.string({ error: SAYS }).min(1, { error: SAYS }).max(200, { error: 'write at most 200 characters' }),
      },
      { error: 'write { id, pattern, says }, and nothing else' },
    ),
    { error: WORDS },
  )
  .min(1, { error: WORDS })

const isWord = z.looseObject({ id: z.string() })
const repeatedIds = (words: unknown): Issue[] => {
  const ids = new Set<string>()
  return (Array.isArray(words) ? words : []).flatMap((word: unknown, index) => {
    const { id } = isWord.safeParse(word).data ?? {}
    if (id === undefined || !ids.has(id)) {
      if (id !== undefined) ids.add(id)
      return []
    }
    return [{ path: [index, 'id'], message: 'choose another name: this one is there before' }]
  })
}

type Issue = Pick<z.core.$ZodIssue, 'path' | 'message'>

interface Word extends BannedWord {
  readonly pattern: RegExp
}

const wordsOf = (words: readonly Word[]): BannedWords => {
  const any = new RegExp(words.map(({ pattern }) => `(?:${pattern.source})`).join('|'), 'iu')
  const each = words.map(({ id, says, pattern }) => ({ id, says, pattern: new RegExp(pattern, 'giu') }))
  return {
    findIn: (text, except) => {
      const plain = text.normalize('NFKC')
      if (!any.test(plain)) return []
      const allowed = except.flatMap((each) => placesOf(each.normalize('NFKC'), plain))
      return each.flatMap(({ id, says, pattern }) => {
        const found = plain.matchAll(pattern).find(({ index, 0: match }) => !allowed.some(around(index, index + match.length)))
        return found ? [{ id, says, found: found[0] }] : []
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

const around = (from: number, until: number) => (place: Place) => place.from <= from && until <= place.until

const shipped = readBannedWords(fileURLToPath(new URL('banned-words.yaml', import.meta.url)))
if (shipped.kind === 'faulty') throw new Error(shipped.faults.join('\n'))

export const SHIPPED_BANNED_WORDS: BannedWords = shipped.words
