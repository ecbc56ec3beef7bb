import type { ServedCountry } from '../domain/phone.ts'
import { goesAtAnyHour } from '../domain/purpose.ts'
import type { QuietHours } from '../domain/request.ts'
import type { ViolationsOf } from '../domain/violation.ts'
import { elementScope, readField, type SchemaReading, type SchemaScope } from './event-schema.ts'
import { fieldPath } from './field-path.ts'
import { compileMessage, type MessageTemplate } from './message-template.ts'
import type { Route } from './route.ts'
import type { RouteDocument } from './route-document.ts'
import { type Fault, type FieldPathInFile, quote } from './route-fault.ts'
import type { RouteFile, SoundPartOfRouteFile } from './route-file.ts'

export interface RouteDefaults {
  /** Whose national phone numbers are meant where a route does not say. */
  readonly country: ServedCountry
  /** IANA zone of event times written without an offset. */
  readonly zone: string
  /** For purposes that wait; null for none. */
  readonly quietHours: QuietHours | null
}

export interface RouteSurroundings {
  readonly channels: readonly string[]
  readonly defaults: RouteDefaults
  readonly violationsOf: ViolationsOf
}

/** Checks a route against everything it names, and makes it ready for use. */
export const compileRoute = (
  document: RouteDocument,
  schema: SchemaReading | null,
  { channels, defaults, violationsOf }: RouteSurroundings,
): Route | readonly Fault[] => {
  const { file, route, sound, fault } = document
  const faults = [...document.faults]

  if (sound.channel !== undefined && !channels.includes(sound.channel)) {
    faults.push(
      fault(
        ['channel'],
        quote(sound.channel),
        `write one of the configured channels: ${channels.join(', ') || 'there are none'}`,
      ),
    )
  }
  if (sound.maxAge !== undefined && sound.dedupeWindow !== undefined && sound.maxAge > sound.dedupeWindow) {
    // An event between the two ages would be sent although its identity may have been forgotten: twice.
    faults.push(fault(['maxAge'], 'more than dedupeWindow', 'make maxAge shorter, or dedupeWindow longer'))
  }
  for (const [path, value] of [
    [['recipient', 'customer'], sound.recipient?.customer],
    [['identity', 'id'], sound.identity?.id],
  ] as const) {
    if (value !== undefined && value === sound.recipient?.phone) {
      faults.push(fault(path, quote(value), 'name another field: this one goes into results, where no phone number may be'))
    }
  }

  if (schema?.kind === 'faulty')
    faults.push(fault(['schema'], quote(sound.schema), `mend or name the Avro schema: ${schema.message}`))
  const scopes = schema?.kind === 'read' ? scopesOf(schema.record, sound) : null
  if (scopes) faults.push(...fieldFaults(sound, scopes, fault))

  const compiled = sound.message && compileMessage(sound.message)
  if (compiled) {
    faults.push(...compiled.faults.map(({ path, message }) => fault(['message', ...path], message, 'mend the Liquid template')))
    if (scopes?.recipient) faults.push(...variableFaults(compiled.template, scopes.recipient, fault))
    if (compiled.faults.length === 0) faults.push(...constantFaults(compiled.template, violationsOf, fault))
  }
  if (faults.length > 0 || !route || !compiled || schema?.kind !== 'read') return faults
  return routeOf(file, route, schema, compiled.template, defaults)
}

interface Scopes {
  readonly event: SchemaScope
  /** Null where `recipients` does not lead to an array of records. */
  readonly recipient: SchemaScope | null
}

const scopesOf = (event: SchemaScope, { recipients }: SoundPartOfRouteFile): Scopes => ({
  event,
  recipient: recipients === undefined ? event : (elementScope(event, fieldPath(recipients).segments) ?? null),
})

type FaultAt = RouteDocument['fault']

const TEXT = ['string', 'enum']
const ID = ['string', 'enum', 'int', 'long']
const TIME = ['string', 'long']

const fieldFaults = (sound: SoundPartOfRouteFile, { event, recipient }: Scopes, fault: FaultAt): Fault[] => {
  const { identity, time, recipients, recipient: of, expires } = sound
  const faults: Fault[] = []
  const check = (scope: SchemaScope, path: FieldPathInFile, value: string | undefined, wanted: readonly string[]) => {
    if (value === undefined) return
    const reading = readField(scope, fieldPath(value).segments)
    if (reading.kind === 'absent') faults.push(fault(path, quote(value), reading.detail))
    else if (!reading.kinds.every((kind) => wanted.includes(kind))) {
      faults.push(
        fault(path, `${quote(value)}, in the schema ${reading.kinds.join(' or ')}`, `name a field that is ${wanted.join(', ')}`),
      )
    }
  }

  check(event, ['identity', 'id'], identity?.id, ID)
  check(event, ['time'], time, TIME)
  check(event, ['recipients'], recipients, ['array'])
  if (!recipient) {
    const leadsToArray = recipients !== undefined && readField(event, fieldPath(recipients).segments)
    if (leadsToArray && leadsToArray.kind === 'found' && leadsToArray.kinds.includes('array')) {
      faults.push(fault(['recipients'], quote(recipients), 'name an array whose elements are records of one type'))
    }
    return faults
  }
  check(recipient, ['recipient', 'phone'], of?.phone, TEXT)
  check(recipient, ['recipient', 'customer'], of?.customer, ID)
  check(recipient, ['recipient', 'timeZone'], of?.timeZone, TEXT)
  if (expires?.kind === 'field') check(recipient, ['expires'], expires.path, TIME)
  return faults
}

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

const routeOf = (
  file: string,
  route: RouteFile,
  { schema }: Extract<SchemaReading, { kind: 'read' }>,
  message: MessageTemplate,
  defaults: RouteDefaults,
): Route => ({
  id: route.route,
  file,
  purpose: route.purpose,
  topic: route.topic,
  event: route.event,
  schema,
  channel: route.channel,
  endpoint: message.outline.endpoint,
  urgent: route.urgency === 'urgent',
  identity: route.identity ? { source: route.identity.source, id: fieldPath(route.identity.id) } : null,
  time: optionalPath(route.time),
  eventZone: defaults.zone,
  recipients: optionalPath(route.recipients),
  recipient: {
    phone: fieldPath(route.recipient.phone),
    country: route.recipient.country ?? defaults.country,
    customer: optionalPath(route.recipient.customer),
    timeZone: optionalPath(route.recipient.timeZone),
  },
  quietHours: quietHoursOf(route, defaults),
  expires: route.expires?.kind === 'field' ? { kind: 'field', path: fieldPath(route.expires.path) } : (route.expires ?? null),
  maxAgeMs: route.maxAge,
  dedupeWindowMs: route.dedupeWindow,
  unknownPolicy: route.unknown.policy,
  unknownWaitMs: route.unknown.wait ?? (route.unknown.policy === 'resend' ? RESEND_WAIT_MS : GIVE_UP_WAIT_MS),
  fallback: route.fallback ?? null,
  message,
})

const optionalPath = (path: string | undefined) => (path === undefined ? null : fieldPath(path))

const quietHoursOf = ({ quietHours, purpose }: RouteFile, defaults: RouteDefaults): QuietHours | null => {
  if (quietHours === 'none') return null
  if (quietHours !== 'default') return quietHours
  return goesAtAnyHour(purpose) ? null : defaults.quietHours
}
