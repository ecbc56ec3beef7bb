import { openSync, writeSync } from 'node:fs'
import { userInfo } from 'node:os'
import { Command, InvalidArgumentError, Option } from 'commander'
import { systemClock } from '../clock.ts'
import { loadConfig } from '../config.ts'
import { carryOut } from '../dead-letters/carry-out.ts'
import { chooseToList } from '../dead-letters/choose.ts'
import { type Desk, openDesk } from '../dead-letters/desk.ts'
import { type LetterFilter, readWhen } from '../dead-letters/filter.ts'
import { DEATH_REASONS } from '../dead-letters/headers.ts'
import { formatOrigin, LETTER_STATES, type LetterState, type Origin, parseOrigin } from '../dead-letters/letter.ts'
import { nothingText, rehearse, sayStrangers, unknownText } from '../dead-letters/rehearse.ts'
import { look, shownJson, shownLines } from '../dead-letters/show.ts'
import { letterJson, linesOf, summaryOf } from '../dead-letters/told.ts'
import { nearest } from '../nearest.ts'
import { configOption } from './config-option.ts'
import { LIST_HELP, REPLAY_HELP, SHOW_HELP } from './dead-letters-help.ts'
import { kafkaFor } from './kafka-for.ts'
import { type Progress, showProgress } from './progress.ts'

interface FilterOptions {
  readonly config: string
  readonly reason?: readonly string[]
  readonly topic?: readonly string[]
  readonly state?: readonly LetterState[]
  readonly since?: number
  readonly until?: number
  readonly limit?: number
  readonly json?: true
}

interface ReplayOptions extends FilterOptions {
  readonly yes?: true
  readonly again?: true
  readonly force?: true
  readonly by?: string
  readonly rate: number
  readonly receipt?: string
}

/** `tsuchi dead-letters`. */
export const deadLettersCommand = (): Command => {
  const letters = new Command('dead-letters').description('records that could not be processed: look at them, and replay them')
  filtered(letters.command('list').description('what there is, the newest last'), 'the newest')
    .option('--json', 'one line of JSON for each')
    .addHelpText('after', LIST_HELP)
    .action(list)
  letters
    .command('show')
    .description('all that may be told of one, and what would become of it if it were replayed now; changes nothing')
    .argument('<position>', 'where the record lay: topic/partition/offset', position)
    .addOption(configOption())
    .option('--json', 'as JSON')
    .addHelpText('after', SHOW_HELP)
    .action(show)
  filtered(
    letters.command('replay').description('produce the records anew, to where they lay; without --yes a dry run'),
    'the oldest',
  )
    .argument('[position...]', 'which ones: topic/partition/offset (without any: all that the filters mean)', positions)
    .option('--yes', 'do it')
    .option('--again', 'also what was replayed before')
    .option('--force', 'also what would only die again')
    .option('--rate <records>', 'how many a second', whole, 100)
    .option('--by <name>', 'who answers for it: kept with each letter (default: your name on this machine)', nameOf)
    .option('--receipt <file>', 'write the receipts there, too: they are added to what it holds')
    .option('--json', 'of a dry run, one line of JSON for each')
    .addHelpText('after', REPLAY_HELP)
    .action(replay)
  return letters
}

const list = async (options: FilterOptions): Promise<void> => {
  const desk = deskOf(options.config)
  const { say, put, onProgress } = openTalk()
  // `… | head` has read enough.
  process.stdout.on('error', () => process.exit(0))
  const read = await desk.letters({ onProgress: (done, total) => onProgress(`reading ${desk.topic}`, done, total) })
  sayStrangers(read.strangers, desk.topic, say)
  const meant = chooseToList(read.letters, { filter: filterOf(options), limit: options.limit ?? null })
  for (const line of options.json ? meant.map((letter) => JSON.stringify(letterJson(letter))) : linesOf(meant)) put(line)
  say(meant.length === 0 ? nothingText(read.letters, desk.topic) : summaryOf(meant))
}

const show = async (origin: Origin, options: { readonly config: string; readonly json?: true }): Promise<void> => {
  const desk = deskOf(options.config)
  const { say, put, onProgress } = openTalk()
  const shown = await look(desk, origin, (done, total) => onProgress(`reading ${desk.topic}`, done, total))
  if ('letters' in shown) {
    say(unknownText(formatOrigin(origin), shown.letters, desk.topic))
    process.exitCode = 1
    return
  }
  for (const line of options.json ? [JSON.stringify(shownJson(shown))] : shownLines(shown)) put(line)
}

const replay = async (named: readonly Origin[] | undefined, options: ReplayOptions): Promise<void> => {
  const wanted = { filter: filterOf(options), positions: named ?? [], limit: options.limit ?? null }
  const talk = openTalk()
  const errand = {
    ...talk,
    desk: deskOf(options.config),
    wanted,
    again: options.again ?? false,
    force: options.force ?? false,
  }
  const sound = options.yes
    ? await carryOut({
        ...errand,
        put: options.receipt === undefined ? talk.put : alsoTo(options.receipt, talk.put),
        by: options.by ?? userName(),
        rate: options.rate,
        clock: systemClock,
        signal: untilInterrupted(talk.say),
      })
    : await rehearse({ ...errand, json: options.json ?? false })
  if (!sound) process.exitCode = 1
}

/** What a person needs to say which letters are meant. */
const filtered = (command: Command, limited: string): Command =>
  command
    .addOption(configOption())
    .option('--reason <reason>', `only what died of this; may be repeated: ${DEATH_REASONS.join(', ')}`, reason)
    .option('--topic <topic>', 'only records of this topic; may be repeated', gather)
    .addOption(
      new Option('--state <state>', `only those in this state; may be repeated: ${LETTER_STATES.join(', ')}`).argParser(state),
    )
    .option(
      '--since <when>',
      'only what died then or later: a time such as 2026-08-10T09:00:00+09:00, or how long ago, such as PT2H',
      when,
    )
    .option('--until <when>', 'only what died before then', when)
    .option('--limit <count>', `at most so many, ${limited}`, whole)

const filterOf = ({ reason = [], topic = [], state = [], since, until }: FilterOptions): LetterFilter => ({
  reasons: reason,
  topics: topic,
  states: state,
  since: since ?? null,
  until: until ?? null,
})

const deskOf = (file: string): Desk => {
  const config = loadConfig(file)
  return openDesk({ config, kafka: kafkaFor(config, 'dead-letters'), clock: systemClock })
}

interface Talk {
  /** To whoever watches. */
  readonly say: (line: string) => void
  /** To whoever reads what comes of it. */
  readonly put: (line: string) => void
  /** How far something is. */
  readonly onProgress: (what: string, done: number, total: number) => void
}

const openTalk = (): Talk => {
  let shown: { readonly what: string; readonly progress: Progress } | undefined
  return {
    say: (line) => {
      shown?.progress.end()
      console.error(line)
    },
    put: (line) => {
      shown?.progress.end()
      console.log(line)
    },
    onProgress: (what, done, total) => {
      if (shown?.what !== what) {
        shown?.progress.end()
        shown = { what, progress: showProgress({ stream: process.stderr, label: what }) }
      }
      shown.progress.update(done, total)
    },
  }
}

/** Opened at once: what is replayed must not be without a receipt for want of a folder. */
const alsoTo = (file: string, put: (line: string) => void): ((line: string) => void) => {
  const opened = openSync(file, 'a')
  return (line) => {
    writeSync(opened, `${line}\n`)
    put(line)
  }
}

/** One Ctrl-C may arrive twice: from the terminal, and again from npm. */
const SAME_SIGNAL_MS = 1_000

/** The first one lets the transaction end that is under way; a second one ends the process, and Kafka undoes what was not committed. */
const untilInterrupted = (say: (line: string) => void): AbortSignal => {
  const interrupted = new AbortController()
  let askedAt: number | undefined
  const stop = (signal: string) => {
    const now = systemClock.monotonic()
    if (askedAt !== undefined && now - askedAt > SAME_SIGNAL_MS) process.exit(130)
    if (askedAt === undefined) say(`${signal}: stopping`)
    askedAt ??= now
    interrupted.abort()
  }
  process.on('SIGINT', () => stop('SIGINT'))
  process.on('SIGTERM', () => stop('SIGTERM'))
  return interrupted.signal
}

const gather = (text: string, before: readonly string[] = []): readonly string[] => [...before, text]

const reason = (text: string, before: readonly string[] = []): readonly string[] => [...before, oneOf(DEATH_REASONS, text)]

const state = (text: string, before: readonly LetterState[] = []): readonly LetterState[] => [
  ...before,
  oneOf(LETTER_STATES, text),
]

const oneOf = <T extends string>(known: readonly T[], text: string): T => {
  const found = known.find((each) => each === text)
  if (found !== undefined) return found
  throw new InvalidArgumentError(`There is no such one. Most like it: ${nearest(text, known).join(', ')}.`)
}

const position = (text: string): Origin => {
  const origin = parseOrigin(text)
  if (origin) return origin
  throw new InvalidArgumentError('Write topic/partition/offset, as `tsuchi dead-letters list` does.')
}

const positions = (text: string, before: readonly Origin[] = []): readonly Origin[] => [...before, position(text)]

const when = (text: string): number => {
  const read = readWhen(text, systemClock.now())
  if (read !== undefined) return read
  throw new InvalidArgumentError('Write a time with its offset, such as 2026-08-10T09:00:00+09:00, or a duration, such as PT2H.')
}

const whole = (text: string): number => {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Write a whole number from 1 to 999999.')
}

const nameOf = (text: string): string => {
  if (/^[^\p{Cc}]{1,100}$/u.test(text)) return text
  throw new InvalidArgumentError('Write a name of at most 100 characters.')
}

/** A container may run as somebody who has no name. */
const userName = (): string => {
  try {
    return userInfo().username
  } catch {
    return 'somebody without a name'
  }
}
