import type { Request } from '../domain/request.ts'
import { type ReadContext, readRecord } from '../intake/read-record.ts'
import { detailOf as detailOfRefused, signedOf } from '../webhook/signed-bodies.ts'
import type { Take } from '../webhook/taker.ts'
import type { Hindrance, Letter, Origin } from './letter.ts'
import type { WholeRecord } from './sealed-record.ts'

/** What would become of a record if it were produced now. */
export type Prospect =
  | { readonly kind: 'read'; readonly requests: readonly Request[] }
  /** The webhook would take it. */
  | { readonly kind: 'heard'; readonly detail: string }
  /** It would die again, or find nobody who wants it. */
  | { readonly kind: 'no-route' | 'too-old'; readonly detail: string }
  | { readonly kind: 'poison'; readonly reason: string; readonly detail: string }
  /** It cannot be produced. */
  | { readonly kind: 'gone'; readonly detail: string }
  | Hindrance
  /** It was. */
  | { readonly kind: 'replayed'; readonly detail: string }

/** Reads it as intake would. Rejects only when the registry cannot be asked. */
export const prospectOf = async (record: WholeRecord, origin: Origin, context: ReadContext): Promise<Prospect> => {
  const headers = new Map(
    Object.entries(record.headers).flatMap(([name, [first]]) => (first ? [[name, first.toString()] as const] : [])),
  )
  const source = { position: origin, headers, timestamp: record.timestamp }
  const { requests, dead } = await readRecord(source, record.value, context)
  if (dead?.reason === 'older-than-window') return { kind: 'too-old', detail: dead.detail }
  if (dead) return { kind: 'poison', reason: dead.reason, detail: dead.detail }
  const [only] = requests
  if (only?.kind === 'refused' && only.reason === 'no-route') return { kind: 'no-route', detail: only.detail }
  return { kind: 'read', requests }
}

/** Looks at a signed body as the webhook would that reads its topic. */
export const prospectOfSigned = ({ value, headers }: WholeRecord, take: Take, signatureHeader: string, now: number): Prospect => {
  const { body, signature, signatures } = signedOf({ value, headers }, signatureHeader)
  const read = take(body, signature, now)
  if (read.kind === 'taken') return { kind: 'heard', detail: `events of channel ${read.channel}` }
  return { kind: 'poison', reason: `webhook-${read.reason}`, detail: detailOfRefused(read, { signatures, signatureHeader }) }
}

/** What can be said without the record itself. */
export const knownProspect = ({ replayed, hindrance }: Letter, { again }: { readonly again: boolean }): Prospect | null => {
  if (replayed && !again)
    return { kind: 'replayed', detail: `to ${replayed.to} at ${new Date(replayed.at).toISOString()} by ${replayed.by}` }
  return hindrance
}

/** Whether to produce it: `futile` only if somebody insists, as it would only die again; `never` whoever insists. */
export const worthOf = ({ kind }: Prospect): 'replay' | 'futile' | 'never' => {
  switch (kind) {
    case 'read':
    case 'heard':
      return 'replay'
    case 'poison':
    case 'no-route':
    case 'too-old':
      return 'futile'
    case 'gone':
    case 'no-value':
    case 'sealed':
    case 'replayed':
      return 'never'
  }
}

/** In few words, to count by. */
export const outcomeOf = (prospect: Prospect): string => {
  switch (prospect.kind) {
    case 'read':
      return outcomeOfRequests(prospect.requests)
    case 'heard':
      return 'taken by the webhook'
    case 'poison':
      return `still poison: ${prospect.reason}`
    case 'no-route':
      return 'no route wants it'
    case 'too-old':
      return 'older than the window'
    case 'gone':
      return 'cannot be put back'
    case 'no-value':
      return 'no value was kept'
    case 'sealed':
      return 'cannot be opened'
    case 'replayed':
      return 'was replayed'
  }
}

/** What there is to say of it beside that. Holds no value of the event. */
export const detailOf = (prospect: Prospect): string =>
  prospect.kind === 'read' ? detailsOf(prospect.requests).join('; ') : prospect.detail

/** Both in one. */
export const sentenceOf = (prospect: Prospect): string => {
  if (prospect.kind !== 'read') return `${outcomeOf(prospect)}, ${detailOf(prospect)}`
  const route = routeOf(prospect.requests)
  if (route === undefined) return `${outcomeOf(prospect)} (${detailOf(prospect)})`
  const [notifications, ...others] = detailsOf(prospect.requests)
  return [`would become ${notifications} by route ${route}`, ...others].join('; ')
}

const outcomeOfRequests = (requests: readonly Request[]): string => {
  const route = routeOf(requests)
  if (route !== undefined) return `notifications by route ${route}`
  const [refusal] = requests.flatMap((request) => (request.kind === 'refused' ? [request.reason] : []))
  return refusal === undefined ? 'calls off or replaces what waits' : `would be refused: ${refusal}`
}

const routeOf = (requests: readonly Request[]): string | undefined =>
  requests.flatMap((request) => (request.kind === 'ready' ? [request.notification.route] : []))[0]

const detailsOf = (requests: readonly Request[]): string[] => {
  const count = (kind: Request['kind']) => requests.filter((request) => request.kind === kind).length
  const refusals = Map.groupBy(
    requests.flatMap((request) => (request.kind === 'refused' ? [`${request.reason}: ${request.detail}`] : [])),
    (refusal) => refusal,
  )
  return [
    ...(count('ready') > 0 ? [several(count('ready'), 'notification')] : []),
    ...(count('mark') > 0 ? [`${several(count('mark'), 'subject')} called off or replaced`] : []),
    ...Array.from(refusals, ([refusal, { length }]) => `${length} refused, ${refusal}`),
  ]
}

export const several = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
