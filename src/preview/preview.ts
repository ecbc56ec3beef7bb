import type { Config } from '../config.ts'
import type { Message } from '../domain/message.ts'
import type { Policy } from '../domain/moment.ts'
import type { EventFacts, Notification, ReadyRequest, RefusedRequest, Request } from '../domain/request.ts'
import { openContent } from '../domain/seal.ts'
import type { InterpretContext } from '../intake/about.ts'
import { readEvent } from '../intake/event-facts.ts'
import type { EventReading } from '../intake/event-reading.ts'
import { EXAMPLE_TOKEN } from '../intake/link-token-place.ts'
import { type Dead, readRecord } from '../intake/read-record.ts'
import type { Route } from '../intake/route.ts'
import { routeFor } from '../intake/routes.ts'
import { scopesOf, wholeScope, withoutNulls } from '../intake/scopes.ts'
import type { SourceRecord } from '../intake/source-record.ts'
import { channelRulesOf } from '../stages/channels.ts'
import { policyOf } from '../stages/policy.ts'
import { type Broken, brokenBy } from './broken.ts'
import { type Fate, foretell, idOf, isForThoseTold } from './foretell.ts'

/** What would become of one event, and what people would see of it. */
export interface Preview {
  readonly now: number
  /** When the record was produced, ms since the epoch. */
  readonly producedAt: number
  /** Null if none wants it, or it cannot be read. */
  readonly route: Route | null
  readonly event: EventFacts
  /** It would be a dead letter. */
  readonly dead: Dead | null
  /** Subjects of which nothing that waits would be sent. */
  readonly callsOff: readonly string[]
  readonly recipients: readonly Recipient[]
}

export interface Recipient {
  readonly index: number
  readonly customerId: string | null
  /** Null without a usable number, or without the pepper. */
  readonly recipientRef: string | null
  readonly notification: Notification | null
  readonly fate: Fate
  /** Only those hear of it who heard of its subject before; its fate is theirs. */
  readonly forThoseTold: boolean
  /** Null if it could not be rendered. */
  readonly message: Message | null
  readonly broken: readonly Broken[]
}

export interface Subject {
  readonly config: Config
  /** Of all channels, as if they refused nothing: rules are looked at here. */
  readonly routes: readonly Route[]
  readonly record: SourceRecord
  readonly value: Buffer | null
  readonly reading: EventReading
  readonly now: number
  /** An event may name very many. */
  readonly onProgress?: (done: number, total: number) => void
}

/** Reads the record as intake does, and lets the core decide as dispatch does, of nothing else it knows. Sends nothing, and writes nothing. */
export const previewOf = async (subject: Subject): Promise<Preview> => {
  const { config, routes, record, value, reading, now, onProgress = () => undefined } = subject
  const { route, facts, names } = factsOf(subject)
  const read = (routes: readonly Route[], at: number) => {
    let done = 0
    const seal: InterpretContext['seal'] = (plain) => {
      if (++done % 500 === 0) onProgress(done, names)
      return plain // it goes nowhere
    }
    const { pepper } = config.privacy
    // What is shown may be passed on: it has nobody's token.
    const linkTokenOf = () => EXAMPLE_TOKEN
    return readRecord(record, value, { now: at, pepper, seal, linkTokenOf, routes, read: async () => reading })
  }
  const strict = await read(withRules(routes, config), now)
  const happened = facts?.time ?? null
  // What is broken, or too old, is shown all the same.
  const isTooOld = strict.dead?.reason === 'older-than-window'
  const breaksRules = strict.requests.some(isBroken)
  const looked = isTooOld || breaksRules ? await read(routes.map(withoutRules), isTooOld ? (happened ?? now) : now) : strict
  const mayBreak = looked !== strict || strict.advertised.length > 0
  const requests = isTooOld ? [] : strict.requests
  const circumstances = {
    now,
    policy: previewPolicyOf(config),
  }
  const fates = foretell(requests, circumstances)
  const ifTold = requests.some(isForSome) ? foretell(requests.map(asIfTold), circumstances) : fates
  const named = namedIn(looked.requests)

  return {
    now,
    producedAt: record.timestamp,
    route,
    event: facts ?? unroutedFacts(record, reading),
    dead: strict.dead,
    callsOff: strict.requests.flatMap((request) =>
      request.kind === 'mark' && request.marking.cancelledAt !== null ? [request.marking.subject] : [],
    ),
    recipients: (isTooOld ? [...named.values()] : peopleIn(requests)).map((request) => {
      const id = idOf(request) ?? ''
      const index = indexOf(request)
      const look = named.get(index)
      const notification = look?.kind === 'ready' ? look.notification : null
      const messageOf = () =>
        look?.kind === 'ready' ? openContent(look.sealed, look.notification.notificationId, asItIs).message : null
      const message = mayBreak ? messageOf() : null
      const fate: Fate = fates.get(id) ?? { kind: 'too-old' }
      const forThoseTold = notification !== null && isForThoseTold(fate, notification)
      const person = request.kind === 'ready' ? request.notification : request
      return {
        index,
        customerId: person.customerId,
        recipientRef: hasPepper(config) ? person.recipientRef : null,
        notification,
        fate: forThoseTold ? (ifTold.get(id) ?? fate) : fate,
        forThoseTold,
        /** Of most it is never asked. */
        get message() {
          return messageOf()
        },
        broken: message && route?.kind === 'notify' ? brokenBy(message, route, config) : [],
      }
    }),
  }
}

/** Whether people are known by the names they have in results. */
export const hasPepper = ({ standIns, privacy }: Config): boolean =>
  standIns.length === 0 || privacy.pepper.some((byte) => byte !== 0)

/** Where something has to be mended before people get it. A shadow withholds on purpose. */
export const isFaulty = ({ dead, route, recipients }: Preview): boolean =>
  (dead !== null && (dead.reason !== 'older-than-window' || route === null)) ||
  recipients.some(({ fate, broken }) => broken.length > 0 || (fate.kind === 'ends' && fate.status === 'refused'))

const withRules = (routes: readonly Route[], config: Config): readonly Route[] => {
  const rules = channelRulesOf(config)
  return routes.map((route) => (route.kind === 'notify' ? { ...route, rules: rules.get(route.channel) ?? route.rules } : route))
}

const withoutRules = (route: Route): Route =>
  route.kind === 'notify' ? { ...route, rules: { ...route.rules, violationsOf: () => [], advertising: 'warn' } } : route

/** The route, what the event says of itself, and how many it names, as intake finds them. */
const factsOf = ({ routes, record, reading, now }: Subject): { route: Route | null; facts: EventFacts | null; names: number } => {
  if (reading.kind === 'poison') return { route: null, facts: null, names: 0 }
  const { recordName } = reading
  const route = routeFor(routes, { topic: record.position.topic, ceType: record.headers.get('ce_type'), recordName })
  if (!route) return { route: null, facts: null, names: 0 }
  const event = reading.as(route.schema)
  if (event.kind === 'poison' || typeof event.value !== 'object' || event.value === null) return { route, facts: null, names: 0 }
  const whole = withoutNulls(event.value)
  return { route, facts: readEvent(route, wholeScope(whole), record, now).facts, names: scopesOf(route, whole).length }
}

/** Without a route only headers name it. */
const unroutedFacts = ({ headers }: SourceRecord, reading: EventReading): EventFacts => ({
  source: headers.get('ce_source') ?? null,
  id: headers.get('ce_id') ?? null,
  type: headers.get('ce_type') ?? (reading.kind === 'event' ? reading.recordName : null),
  time: null,
})

type PersonRequest = ReadyRequest | RefusedRequest

const peopleIn = (requests: readonly Request[]): PersonRequest[] =>
  requests.flatMap((request) => (request.kind === 'ready' || request.kind === 'refused' ? [request] : []))

const namedIn = (requests: readonly Request[]): ReadonlyMap<number, PersonRequest> =>
  new Map(peopleIn(requests).map((request) => [indexOf(request), request]))

const indexOf = (request: PersonRequest): number =>
  request.kind === 'ready' ? request.notification.position.index : request.position.index

/** Refused for what the message says. */
const isBroken = (request: Request): boolean =>
  request.kind === 'refused' && (request.reason === 'content-rule' || request.reason === 'advertising')

const isForSome = (request: Request): boolean => request.kind === 'ready' && request.notification.onlyIfNotified

const asItIs = (bytes: Uint8Array): Uint8Array => bytes

const asIfTold = (request: Request): Request =>
  request.kind === 'ready' ? { ...request, notification: { ...request.notification, onlyIfNotified: false } } : request

/** That of the configuration. Without the pepper nobody can be found on an allow-list; and the opt-outs lie in Kafka. */
const previewPolicyOf = (config: Config): Policy => {
  const policy = policyOf(config, () => false)
  return {
    ...policy,
    progress: true,
    mayReach: hasPepper(config) ? policy.mayReach : () => true,
    wantsReview: () => false, // told beside it: no worker starts with such a route
  }
}
