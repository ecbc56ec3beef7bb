import { formatPosition } from '../domain/position.ts'
import { RegistryUnavailableError } from '../intake/event-reading.ts'
import type { Desk, OnProgress } from './desk.ts'
import { REPLAYED_AT } from './headers.ts'
import { formatOrigin, type Letter, type LetterRecord, type Origin } from './letter.ts'
import { detailOf, knownProspect, outcomeOf, type Prospect, sentenceOf } from './prospect.ts'
import type { WholeRecord } from './sealed-record.ts'
import { brief, headerLines, headersJson, letterJson, outlineLines, outlineOf, stateText, timeOf } from './told.ts'

/** All that may be told of one letter. */
export interface Shown {
  readonly letter: Letter
  /** The records under its key. */
  readonly history: readonly LetterRecord[]
  /** Null: it was not kept, or cannot be opened. */
  readonly record: WholeRecord | null
  /** A text: why it cannot be told. */
  readonly prospect: Prospect | string
}

/** Everything there is about the letter of this position; without one, the letters there are. */
export const look = async (
  desk: Desk,
  origin: Origin,
  onProgress?: OnProgress,
): Promise<Shown | { readonly letters: readonly Letter[] }> => {
  const { letters, history } = await desk.letters({
    about: formatPosition({ ...origin, index: 0 }),
    ...(onProgress && { onProgress }),
  })
  const letter = letters.find((each) => formatOrigin(each.origin) === formatOrigin(origin))
  if (!letter) return { letters }
  const known = knownProspect(letter, { again: true })
  const record = known ? null : ((await desk.recordsOf([letter])).get(letter.key) ?? null)
  const prospect =
    known ?? (record ? await prospectOrWhyNot(() => desk.prospectOf(record, origin)) : 'it was deleted by age a moment ago')
  return { letter, history, record, prospect }
}

/** A registry that is away does not hide the rest. */
const prospectOrWhyNot = async (judge: () => Promise<Prospect>): Promise<Prospect | string> => {
  try {
    return await judge()
  } catch (error) {
    if (!(error instanceof RegistryUnavailableError)) throw error
    return error.message
  }
}

export const shownLines = ({ letter, history, record, prospect }: Shown): string[] => [
  formatOrigin(letter.origin),
  ...section('died', [`${timeOf(letter.diedAt)}, ${brief(letter.reason)}: ${brief(letter.detail)}`]),
  ...section('state', [stateText(letter)]),
  ...lettersIn(history).flatMap((each) =>
    section(`headers of the letter at ${each.partition}/${each.offset}`, headerLines(each)),
  ),
  ...receiptsIn(history).flatMap((each) => section(`replayed, says ${each.partition}/${each.offset}`, headerLines(each))),
  ...section('the record', record ? outlineLines(outlineOf(record)) : ['not to be had']),
  ...section('if it were replayed now', [
    typeof prospect === 'string' ? `cannot be told: ${prospect}` : brief(sentenceOf(prospect)),
  ]),
]

export const shownJson = ({ letter, history, record, prospect }: Shown): object => ({
  ...letterJson(letter),
  letters: lettersIn(history).map(headersJson),
  replays: receiptsIn(history).map(headersJson),
  record: record && outlineOf(record),
  outcome: typeof prospect === 'string' ? null : outcomeOf(prospect),
  outcomeDetail: typeof prospect === 'string' ? prospect : detailOf(prospect),
})

const isReceipt = ({ headers }: LetterRecord): boolean => headers[REPLAYED_AT] !== undefined
const lettersIn = (history: readonly LetterRecord[]) => history.filter((record) => !isReceipt(record))
const receiptsIn = (history: readonly LetterRecord[]) => history.filter(isReceipt)

const section = (title: string, lines: readonly string[]): string[] => [`  ${title}`, ...lines.map((line) => `    ${line}`)]
