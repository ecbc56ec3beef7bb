import { nearest } from '../nearest.ts'
import { sharedReviews } from './review.ts'
import type { NotifyingDocument, RouteDocument } from './route-document.ts'
import { type Fault, type Findings, quote } from './route-fault.ts'

/** What does not go together between routes. */
export const findingsAmong = (documents: readonly RouteDocument[]): Findings => ({
  faults: [...clashes(documents), ...sharedReviews(documents), ...forgetful(documents)],
  warnings: idleCancellations(documents),
})

const clashes = (documents: readonly RouteDocument[]): Fault[] => {
  const faults: Fault[] = []
  const names = new Map<string, string>()
  const events = new Map<string, string>()
  for (const { file, sound, fault } of documents) {
    if (sound.route !== undefined) {
      const first = names.get(sound.route)
      if (first) faults.push(fault(['route'], quote(sound.route), `choose another name: ${first} has this one`))
      else names.set(sound.route, file)
    }
    if (sound.topic !== undefined && sound.event !== undefined) {
      const key = `${sound.topic} ${sound.event}`
      const first = events.get(key)
      if (first) {
        faults.push(
          fault(
            ['event'],
            `${quote(sound.event)} of topic ${sound.topic}`,
            `remove one of the two routes: ${first} has the same`,
          ),
        )
      } else events.set(key, file)
    }
  }
  return faults
}

/** Routes whose marks could be forgotten before the last notification that they bar has come: late, but not too late to be sent. */
const forgetful = (documents: readonly RouteDocument[]): Fault[] =>
  documents.flatMap((document) => {
    const { dedupeWindow } = document.sound
    const mark = markOf(document)
    if (dedupeWindow === undefined || !mark) return []
    const [latest] = documents
      .flatMap((other) => (other.kind === 'notify' && other !== document && mark.bars(other) ? [other] : []))
      .toSorted((a, b) => (b.sound.maxAge ?? 0) - (a.sound.maxAge ?? 0))
    if (!latest || (latest.sound.maxAge ?? 0) <= dedupeWindow) return []
    const found = `less than maxAge of ${latest.file}, which has the same subject`
    return [document.fault(['dedupeWindow'], found, `make dedupeWindow longer, or that maxAge shorter: ${mark.otherwise}`)]
  })

interface MarkOfRoute {
  readonly bars: (other: NotifyingDocument) => boolean
  readonly otherwise: string
}

const markOf = (document: RouteDocument): MarkOfRoute | undefined => {
  if (document.kind === 'cancel') {
    const kind = document.sound.cancels?.kind
    return {
      bars: ({ sound }) => kind !== undefined && sound.subject?.kind === kind,
      otherwise: 'what was called off would be sent if it came late',
    }
  }
  const { subject, revision } = document.sound
  if (subject === undefined || revision === undefined) return undefined
  return {
    bars: ({ sound }) => sound.revision !== undefined && sound.subject?.kind === subject.kind,
    otherwise: 'what was replaced would be sent if it came late',
  }
}

/** Routes that call off what none tells of. */
const idleCancellations = (documents: readonly RouteDocument[]): Fault[] => {
  const kinds = new Set(documents.flatMap(({ kind, sound }) => (kind === 'notify' ? (sound.subject?.kind ?? []) : [])))
  return documents.flatMap(({ kind, sound, fault }) => {
    const called = kind === 'cancel' ? sound.cancels?.kind : undefined
    if (called === undefined || kinds.has(called)) return []
    const remedy = `write the kind of a route's subject (nearest: ${nearest(called, [...kinds]).join(', ') || 'none has one'}): this calls off nothing`
    return [fault(['cancels', 'kind'], quote(called), remedy)]
  })
}
