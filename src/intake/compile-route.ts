import type { ServedCountry } from '../domain/phone.ts'
import type { ViolationsOf } from '../domain/violation.ts'
import { advertisementsOf, advertisingFindings } from './advertising.ts'
import type { ChannelRules } from './channel-rules.ts'
import { readField, type SchemaReading, type SchemaScope } from './event-schema.ts'
import { fieldFaults, scopesOf } from './field-faults.ts'
import { fieldPath } from './field-path.ts'
import { compileMessage, type MessageTemplate } from './message-template.ts'
import { fingerprintIn, reviewFindings } from './review.ts'
import type { CancellingRoute, NotifyingRoute, Route } from './route.ts'
import type { CancellingDocument, RouteDocument } from './route-document.ts'
import { type Fault, type FieldPathInFile, type Findings, NO_FINDINGS, quote } from './route-fault.ts'
import type { CancellingFile, NotifyingFile } from './route-file.ts'
import { type QuietDefaults, quietHoursFaults, routeQuietHours } from './route-quiet-hours.ts'
import { settingFaults } from './setting-faults.ts'

export interface RouteDefaults extends QuietDefaults {
  /** Whose national phone numbers are meant where a route does not say. */
  readonly country: ServedCountry
  /** IANA zone of event times written without an offset. */
  readonly zone: string
}

export interface RouteSurroundings {
  readonly channels: ReadonlyMap<string, ChannelRules>
  readonly defaults: RouteDefaults
  /** ms since the epoch: a review of tomorrow is none. */
  readonly now: number
}

export interface CompiledRoute extends Findings {
  /** Null with any fault. */
  readonly route: Route | null
}

/** Checks a route against everything it names, and makes it ready for use. */
export const compileRoute = (
  document: RouteDocument,
  schema: SchemaReading | null,
  surroundings: RouteSurroundings,
): CompiledRoute => {
  if (document.kind === 'cancel') return compileCancelling(document, schema, surroundings)
  const { file, route, sound, fault } = document
  const { channels, defaults, now } = surroundings
  const rules = sound.channel === undefined ? undefined : channels.get(sound.channel)
  const review = reviewFindings(document, rules?.review, { now, zone: defaults.zone })
  const advertising = rules ? advertisingFindings(document, rules) : NO_FINDINGS
  const scopes = schema?.kind === 'read' ? scopesOf(schema.record, sound) : null
  const faults = [
    ...document.faults,
    ...settingFaults(document, [...channels.keys()]),
    ...quietHoursFaults(document, defaults),
    ...schemaFaults(document, schema),
    ...(scopes ? fieldFaults(document, scopes) : []),
    ...review.faults,
    ...advertising.faults,
  ]
  const compiled = sound.message && compileMessage(sound.message)
  if (compiled) {
    faults.push(...compiled.faults.map(({ path, found, remedy }) => fault(['message', ...path], found, remedy)))
    if (scopes?.recipient) faults.push(...variableFaults(compiled.template, scopes.recipient, fault))
    if (compiled.faults.length === 0 && rules) faults.push(...constantFaults(compiled.template, rules.violationsOf, fault))
  }
  const warnings = [...eventHint(document, schema), ...review.warnings, ...advertising.warnings]
  if (faults.length > 0 || !route || !compiled || !rules || schema?.kind !== 'read') return { route: null, faults, warnings }
  return {
    route: notifyingRoute(
      file,
      route,
      schema,
      { message: compiled.template, rules, fingerprint: fingerprintIn(route) },
      defaults,
    ),
    faults,
    warnings,
  }
}

const compileCancelling = (
  document: CancellingDocument,
  schema: SchemaReading | null,
  { defaults }: RouteSurroundings,
): CompiledRoute => {
  const { file, route, sound } = document
  const faults = [
    ...document.faults,
    ...schemaFaults(document, schema),
    ...(schema?.kind === 'read' ? fieldFaults(document, scopesOf(schema.record, sound)) : []),
  ]
  const warnings = eventHint(document, schema)
  if (faults.length > 0 || !route || schema?.kind !== 'read') return { route: null, faults, warnings }
  const cancelling: CancellingRoute = {
    kind: 'cancel',
    ...eventsOf(file, route, schema, defaults),
    subject: subjectNaming(route.cancels),
  }
  return { route: cancelling, faults, warnings }
}

const schemaFaults = ({ sound, fault }: RouteDocument, schema: SchemaReading | null): Fault[] =>
  schema?.kind === 'faulty' ? [fault(['schema'], quote(sound.schema), `mend or name the Avro schema: ${schema.message}`)] : []

/** Fine for CloudEvents, and otherwise a slip after which no record is found. */
const eventHint = ({ sound, fault }: RouteDocument, schema: SchemaReading | null): Fault[] => {
  if (schema?.kind !== 'read' || sound.event === undefined || sound.event === schema.schema.name) return []
  const found = `${quote(sound.event)}, which is not the name of the schema's record`
  return [
    fault(['event'], found, `write ${schema.schema.name}, unless this is the text of the header ce_type: only then it is found`),
  ]
}

type FaultAt = RouteDocument['fault']

const variableFaults = (template: MessageTemplate, scope: SchemaScope, fault: FaultAt): Fault[] =>
  template.texts.flatMap(({ property, variables }) =>
    variables.flatMap((variable) => {
      const reading = readField(scope, variable)
      return reading.kind === 'absent' ? [fault(placeOf(property), `the variable ${variable.join('.')}`, reading.detail)] : []
    }),
  )

/** Rules that the message breaks whatever the event says. */
const constantFaults = (template: MessageTemplate, violationsOf: ViolationsOf, fault: FaultAt): Fault[] => {
  const depends = new Set(template.texts.map(({ property }) => property))
  return violationsOf(template.outline)
    .filter(({ property }) => !depends.has(property))
    .map(({ property, rule, found }) => fault(placeOf(property), found, `wanted: ${rule}`))
}

/** LINE's `messages[0].altText` is `message.flexible[0].altText` in the file. */
const placeOf = (property: string): FieldPathInFile => {
  const steps = (property.match(/[^.[\]]+/g) ?? []).map((step) => (/^\d+$/.test(step) ? Number(step) : step))
  if (steps[0] === 'messages') return ['message', 'flexible', ...steps.slice(1)]
  return ['message', 'template', ...(steps[0] === 'body' ? steps.slice(1) : steps)]
}

const GIVE_UP_WAIT_MS = 10 * 60_000
const RESEND_WAIT_MS = 24 * 60 * 60_000

const eventsOf = (
  file: string,
  route: NotifyingFile | CancellingFile,
  { schema }: Extract<SchemaReading, { kind: 'read' }>,
  defaults: RouteDefaults,
) => ({
  id: route.route,
  file,
  topic: route.topic,
  event: route.event,
  schema,
  identity: route.identity ? { source: route.identity.source, id: fieldPath(route.identity.id) } : null,
  time: optionalPath(route.time),
  eventZone: defaults.zone,
  recipients: optionalPath(route.recipients),
  dedupeWindowMs: route.dedupeWindow,
})

const notifyingRoute = (
  file: string,
  route: NotifyingFile,
  schema: Extract<SchemaReading, { kind: 'read' }>,
  { message, rules, fingerprint }: Pick<NotifyingRoute, 'message' | 'rules' | 'fingerprint'>,
  defaults: RouteDefaults,
): NotifyingRoute => ({
  kind: 'notify',
  ...eventsOf(file, route, schema, defaults),
  purpose: route.purpose,
  channel: route.channel,
  endpoint: message.outline.endpoint,
  urgent: route.urgency === 'urgent',
  recipient: {
    phone: fieldPath(route.recipient.phone),
    country: route.recipient.country ?? defaults.country,
    customer: optionalPath(route.recipient.customer),
    timeZone: optionalPath(route.recipient.timeZone),
  },
  quietHours: routeQuietHours(route, defaults),
  expires: route.expires?.kind === 'field' ? { kind: 'field', path: fieldPath(route.expires.path) } : (route.expires ?? null),
  maxAgeMs: route.maxAge,
  unknownPolicy: route.unknown.policy,
  unknownWaitMs: route.unknown.wait ?? (route.unknown.policy === 'resend' ? RESEND_WAIT_MS : GIVE_UP_WAIT_MS),
  fallback: route.fallback ?? null,
  fallbackAfterMs: route.fallbackAfter ?? null,
  subject: route.subject ? subjectNaming(route.subject) : null,
  revision: typeof route.revision === 'string' ? fieldPath(route.revision) : (route.revision ?? null),
  onlyIfNotified: route.onlyIf === 'notified',
  reviewed: fingerprint === null || route.review?.fingerprint === fingerprint,
  business: route.dedupe ? { key: route.dedupe.key.map(fieldPath), windowMs: route.dedupe.window } : null,
  message,
  fingerprint,
  rules,
  advertisingExcept: route.advertising?.except ?? [],
  advertisementsIn: advertisementsOf(route.message, rules, route.advertising?.except ?? []),
})

const subjectNaming = ({ kind, id }: CancellingFile['cancels']) => ({ kind, id: fieldPath(id) })

const optionalPath = (path: string | undefined) => (path === undefined ? null : fieldPath(path))
