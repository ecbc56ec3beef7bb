import { z } from 'zod'
import { SERVED_COUNTRIES } from '../domain/phone.ts'
import { PURPOSES } from '../domain/purpose.ts'
import { FIELD_PATH } from './field-path.ts'

/** A value of a message that is passed on as it is, save the strings in it, which are templates. */
export type JsonValue = z.core.util.JSONType

/** Durations as ISO 8601 writes them, in days, hours, minutes and seconds; a day is 24 hours. */
export const readDuration = (text: string): number | undefined => {
  if (!/^P(\d|T\d)/.test(text)) return undefined
  try {
    // Months have no length by themselves; nor, for Temporal, have weeks.
    return Temporal.Duration.from(text).total('milliseconds')
  } catch {
    return undefined
  }
}

/** A mapping with these keys and no others. The message of every issue is its remedy. */
const mapping = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `remove it, or write one of ${Object.keys(shape).join(', ')}`
        : `write a mapping of ${Object.keys(shape).join(', ')}`,
  })

const text = (remedy: string) => z.string({ error: remedy }).min(1, { error: remedy })
const matching = (pattern: RegExp, remedy: string) => z.string({ error: remedy }).regex(pattern, { error: remedy })
const oneOf = <const T extends readonly string[]>(values: T) => z.enum(values, { error: `write one of ${values.join(', ')}` })

const path = matching(FIELD_PATH, 'write the path of a field, such as customer.phone')

const DURATION = 'write an ISO 8601 duration in days, hours, minutes or seconds, such as PT10M, PT24H or P7D'
const duration = z.string({ error: DURATION }).transform((value, context) => {
  const ms = readDuration(value)
  if (ms !== undefined && ms > 0) return ms
  context.addIssue({ code: 'custom', message: DURATION })
  return z.NEVER
})

const EXPIRES = 'write the path of a field with a time, or an ISO 8601 duration after the event such as PT6H'
const expires = z.string({ error: EXPIRES }).transform((value, context) => {
  const ms = readDuration(value)
  if (ms !== undefined && ms > 0) return { kind: 'after' as const, ms }
  if (FIELD_PATH.test(value)) return { kind: 'field' as const, path: value }
  context.addIssue({ code: 'custom', message: EXPIRES })
  return z.NEVER
})

const TIME_OF_DAY = 'write a time of day in quotes, such as "21:00"'
const timeOfDay = matching(/^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/, TIME_OF_DAY)
const QUIET_HOURS = 'write default, none, or { from: "21:00", until: "08:00" } with two different times'
const quietHours = z.union(
  [
    z.literal(['default', 'none']),
    mapping({ from: timeOfDay, until: timeOfDay }).refine(({ from, until }) => from !== until, { error: QUIET_HOURS }),
  ],
  { error: QUIET_HOURS },
)

const messageObjects = z.array(z.record(z.string(), z.json(), { error: 'write a message object of the Messaging API' }), {
  error: 'write a list of message objects',
})
const content = text('write a text, in quotes if it has {{ }}')
const template = mapping({
  templateKey: content,
  emphasizedItem: mapping({ itemKey: content, content }).optional(),
  items: z.array(mapping({ itemKey: content, content }), { error: 'write a list of items' }).optional(),
  buttons: z.array(mapping({ buttonKey: content, url: content }), { error: 'write a list of buttons' }).optional(),
})
const message = mapping({ flexible: messageObjects.optional(), template: template.optional() }).transform(
  ({ flexible, template }, context) => {
    if (flexible && !template) return { flexible }
    if (template && !flexible) return { template }
    context.addIssue({ code: 'custom', message: 'write either flexible or template' })
    return z.NEVER
  },
)

/** One route file, and the only place where what a route leaves out is filled in. */
export const RouteFile = mapping({
  route: matching(/^[a-z0-9-]+$/, 'write a name of a-z, 0-9 and hyphens'),
  purpose: oneOf(PURPOSES),
  topic: matching(/^[A-Za-z0-9._-]{1,249}$/, 'write the name of the Kafka topic with the events'),
  /** The Avro full name of the record, or the CloudEvents type in the header `ce_type`. */
  event: text('write the full name of the Avro record, or the CloudEvents type'),
  /** Our reader schema; its path starts at the route file. */
  schema: text('write the path of an .avsc file, as seen from this file'),
  channel: text('write the name of a configured channel'),
  /** For producers that write no CloudEvents headers `ce_source` and `ce_id`; the headers win. */
  identity: mapping({ source: text('write what names the producer, such as jp.example.billing'), id: path }).optional(),
  /** When it happened; the header `ce_time` wins, and the record's timestamp stands in. */
  time: path.optional(),
  /** An array of records: one notification for each of them. */
  recipients: path.optional(),
  recipient: mapping({
    phone: path,
    /** Whose national numbers are meant where a number has no country code. */
    country: oneOf(SERVED_COUNTRIES).optional(),
    customer: path.optional(),
    timeZone: path.optional(),
  }),
  urgency: oneOf(['normal', 'urgent']).default('normal'),
  quietHours: quietHours.default('default'),
  expires: expires.optional(),
  maxAge: duration.prefault('PT24H'),
  dedupeWindow: duration.prefault('P7D'),
  /** Without `wait`: 10 minutes to give up, and 24 hours to send again, as LINE may hold a message that long. */
  unknown: mapping({ policy: oneOf(['give-up', 'resend']).default('give-up'), wait: duration.optional() }).prefault({}),
  fallback: oneOf(['sms', 'email']).optional(),
  message,
})

export type RouteFile = z.output<typeof RouteFile>
export type MessageSource = RouteFile['message']

/** What is sound of a faulty file, so that its other faults are found in the same run. */
export const SoundPartOfRouteFile = RouteFile.partial()
export type SoundPartOfRouteFile = z.output<typeof SoundPartOfRouteFile>
