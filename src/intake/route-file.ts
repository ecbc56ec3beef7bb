import { z } from 'zod'
import { SERVED_COUNTRIES } from '../domain/phone.ts'
import { PURPOSES } from '../domain/purpose.ts'
import { quietHoursSetting } from '../quiet-hours-setting.ts'
import { FIELD_PATH } from './field-path.ts'
import { isRevision } from './subject.ts'

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

const SUBJECT_KIND = 'write what kind of thing it is, of a-z, 0-9 and hyphens, such as reservation'
/** `reservation/R-1024`: what is called off, or replaced, by that name. */
const subject = mapping({ kind: matching(/^[a-z0-9-]+$/, SUBJECT_KIND), id: path })

const REVISION = 'write the path of a field with a whole number, or a whole number itself'
const revision = z.union([matching(FIELD_PATH, REVISION), z.number().refine(isRevision, { error: REVISION })], {
  error: REVISION,
})

const KEY = 'write a list of paths of fields, such as [invoiceId, dueDate]'
const dedupe = mapping({ key: z.array(path, { error: KEY }).min(1, { error: KEY }), window: duration })

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

/** What both forms of a route say: which events are meant, and how to read them. */
const events = {
  route: matching(/^[a-z0-9-]+$/, 'write a name of a-z, 0-9 and hyphens'),
  topic: matching(/^[A-Za-z0-9._-]{1,249}$/, 'write the name of the Kafka topic with the events'),
  /** The Avro full name of the record, or the CloudEvents type in the header `ce_type`. */
  event: text('write the full name of the Avro record, or the CloudEvents type'),
  /** Our reader schema; its path starts at the route file. */
  schema: text('write the path of an .avsc file, as seen from this file'),
  /** For producers that write no CloudEvents headers `ce_source` and `ce_id`; the headers win. */
  identity: mapping({ source: text('write what names the producer, such as jp.example.billing'), id: path }).optional(),
  /** When it happened; the header `ce_time` wins, and the record's timestamp stands in. */
  time: path.optional(),
  /** An array of records: one notification, or one thing called off, for each of them. */
  recipients: path.optional(),
  dedupeWindow: duration.prefault('P7D'),
}

/** A route that notifies, and the only place where what it leaves out is filled in. */
export const NotifyingFile = mapping({
  ...events,
  purpose: oneOf(PURPOSES),
  channel: text('write the name of a configured channel'),
  recipient: mapping({
    phone: path,
    /** Whose national numbers are meant where a number has no country code. */
    country: oneOf(SERVED_COUNTRIES).optional(),
    customer: path.optional(),
    timeZone: path.optional(),
  }),
  urgency: oneOf(['normal', 'urgent']).default('normal'),
  quietHours: quietHoursSetting('default', 'none').default('default'),
  expires: expires.optional(),
  maxAge: duration.prefault('PT24H'),
  /** Without `wait`: 10 minutes to give up, and 24 hours to send again, as LINE may hold a message that long. */
  unknown: mapping({ policy: oneOf(['give-up', 'resend']).default('give-up'), wait: duration.optional() }).prefault({}),
  fallback: oneOf(['sms', 'email']).optional(),
  /** How long after it might have gone the other channel is due, if LINE has not taken it by then. */
  fallbackAfter: duration.optional(),
  subject: subject.optional(),
  revision: revision.optional(),
  onlyIf: z.literal('notified', { error: 'write notified, or leave it out' }).optional(),
  /** Another event that says the same to the same person within the window is a duplicate. */
  dedupe: dedupe.optional(),
  message,
})

/** A route that notifies nobody, and calls off what waits. */
export const CancellingFile = mapping({ ...events, cancels: subject })

export type NotifyingFile = z.output<typeof NotifyingFile>
export type CancellingFile = z.output<typeof CancellingFile>
export type MessageSource = NotifyingFile['message']

/** What is sound of a faulty file, so that its other faults are found in the same run. */
export const SoundPartOfNotifyingFile = NotifyingFile.partial()
export type SoundPartOfNotifyingFile = z.output<typeof SoundPartOfNotifyingFile>
export const SoundPartOfCancellingFile = CancellingFile.partial()
export type SoundPartOfCancellingFile = z.output<typeof SoundPartOfCancellingFile>
