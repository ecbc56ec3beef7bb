import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isCollection, isNode } from 'yaml'
import { z } from 'zod'
import { readYaml } from '../yaml-text.ts'
import { formatField } from './route-fault.ts'
import { readPattern } from './word-pattern.ts'
import { type Word, wordsOf } from './word-search.ts'

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
export const readBannedWords = (file: string, called = file): BannedWordsReading => {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    return {
      kind: 'faulty',
      faults: [`${called} cannot be read (${code}): name the file with the words, or leave bannedWords out`],
    }
  }
  const yaml = readYaml(text)
  if (yaml.kind === 'faulty') {
    const { line, found, remedy } = yaml.fault
    return { kind: 'faulty', faults: [`${called}${line === null ? '' : `:${line}`}: ${found}; ${remedy}`] }
  }
  const { contents, value: plain, lineAt } = yaml
  const words = WordsFile.safeParse(plain)
  const issues = [...(words.error?.issues ?? []), ...repeatedIds(plain)]
  if (words.success && issues.length === 0)
    return {
      kind: 'read',
      words: wordsOf(words.data.map(({ id, says, pattern }): Word => ({ id, says, pattern: pattern.matches }))),
    }
  const lineOf = (path: readonly PropertyKey[]): number => {
    const node = path.length > 0 && isCollection(contents) ? contents.getIn(path, true) : contents
    if (isNode(node) && node.range) return lineAt(node.range[0])
    return path.length === 0 ? 1 : lineOf(path.slice(0, -1))
  }
  return {
    kind: 'faulty',
    faults: issues.map(({ path, message }) => {
      const place = formatField(path.filter((step) => typeof step !== 'symbol'))
      return `${called}:${lineOf(path)} ${place || '(the whole file)'}: ${message}`
    }),
  }
}

const MOST_WORDS = 200
/** Each at every character of a text, twice: some tenths of a second for LINE's longest. */
const MOST_WAYS_OF_ALL = 10_000
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
          if (reading.kind === 'pattern') return { matches: reading.pattern, ways: reading.ways }
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
  .max(MOST_WORDS, { error: `write at most ${MOST_WORDS}: make alternatives (a|b) of them` })
  .refine((words) => words.reduce((sum, { pattern }) => sum + pattern.ways, 0) <= MOST_WAYS_OF_ALL, {
    error: 'repeat less in the patterns: together they might take too long',
  })

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

const shipped = readBannedWords(fileURLToPath(new URL('banned-words.yaml', import.meta.url)))
if (shipped.kind === 'faulty') throw new Error(shipped.faults.join('\n'))

export const SHIPPED_BANNED_WORDS: BannedWords = shipped.words
