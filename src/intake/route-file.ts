import { z } from 'zod'
import { quietHoursSetting } from '../config/quiet-hours-setting.ts'
import { SERVED_COUNTRIES } from '../domain/phone.ts'
import { PURPOSES } from '../domain/purpose.ts'
import { readTime } from './event-time.ts'
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

/** What stands in every record of a notification, and what a template may be. */
const LONGEST = 1_000
const LONGEST_TEMPLATE = 20_000
const TOO_LONG = `write at most ${LONGEST_TEMPLATE.toLocaleString('en')} characters`
const text = (remedy: string) =>
  z
    .string({ error: remedy })
    .min(1, { error: remedy })
    .max(LONGEST, { error: `write at most ${LONGEST} characters` })
const matching = (pattern: RegExp, remedy: string) => z.string({ error: remedy }).regex(pattern, { error: remedy })
const oneOf = <const T extends readonly string[]>(values: T) => z.enum(values, { error: `write one of ${values.join(', ')}` })

const path = matching(FIELD_PATH, 'write the path of a field, such as customer.phone')
const name = /^[a-z0-9-]{1,100}$/

const LONGEST_MS = 3_660 * 86_400_000
/** In whole ms, as records have it. */
const isDuration = (ms: number | undefined): ms is number =>
  Number.isInteger(ms) && ms !== undefined && ms > 0 && ms <= LONGEST_MS
const DURATION = 'write an ISO 8601 duration in days, hours, minutes or seconds, such as PT10M, PT24H or P7D; at most P3660D'
const duration = z
  .string({ error: DURATION })
  .meta({ pattern: String.raw`^P(\d|T\d)` })
  .transform((value, context) => {
    const ms = readDuration(value)
    if (isDuration(ms)) return ms
    context.addIssue({ code: 'custom', message: DURATION })
    return z.NEVER
  })

const EXPIRES = 'write the path of a field with a time, or an ISO 8601 duration after the event such as PT6H'
const expires = z.string({ error: EXPIRES }).transform((value, context) => {
  const ms = readDuration(value)
  if (isDuration(ms)) return { kind: 'after' as const, ms }
  if (FIELD_PATH.test(value)) return { kind: 'field' as const, path: value }
  context.addIssue({ code: 'custom', message: EXPIRES })
  return z.NEVER
})

const SUBJECT_KIND = 'write what kind of thing it is, of a-z, 0-9 and hyphens, such as reservation'
const subject = mapping({
  kind: matching(name, SUBJECT_KIND).describe(
    'What kind of thing it is, such as reservation; routes that mean the same say the same',
  ),
  id: path.describe('Field with its id, without phone number: reservation/R-1024 is the name in results'),
})

const REVISION = 'write the path of a field with a whole number, or a whole number itself'
const revision = z.union([matching(FIELD_PATH, REVISION), z.number().refine(isRevision, { error: REVISION })], {
  error: REVISION,
})

const KEY = 'write a list of paths of fields, such as [invoiceId, dueDate]'
const dedupe = mapping({
  key: z
    .array(path, { error: KEY })
    .min(1, { error: KEY })
    .describe('Fields that must be the same, such as [invoiceId, dueDate]'),
  window: duration.describe('For how long; at most dedupeWindow'),
})

const messageObjects = z
  .array(z.record(z.string(), z.json(), { error: 'write a message object of the Messaging API' }), {
    error: 'write a list of message objects',
  })
  .superRefine((messages, context) => {
    for (const path of longTexts(messages, [])) context.addIssue({ code: 'custom', path, message: TOO_LONG })
  })

/** Where they are. */
const longTexts = (value: JsonValue, path: (string | number)[]): (string | number)[][] => {
  if (typeof value === 'string') return value.length > LONGEST_TEMPLATE ? [path] : []
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return value.flatMap((each, index) => longTexts(each, [...path, index]))
  return Object.entries(value).flatMap(([key, each]) => longTexts(each, [...path, key]))
}

const CONTENT = 'write a text, in quotes if it has {{ }}'
const content = z.string({ error: CONTENT }).min(1, { error: CONTENT }).max(LONGEST_TEMPLATE, { error: TOO_LONG })
const itemKey = content.describe("Key of an item in LINE's catalogue")
const template = mapping({
  templateKey: content.describe("Key of a template in LINE's catalogue"),
  emphasizedItem: mapping({ itemKey, content: content.describe('At most 15 characters; a Liquid template') })
    .optional()
    .describe('What is shown first and large'),
  items: z
    .array(mapping({ itemKey, content: content.describe('At most 300 characters; a Liquid template') }), {
      error: 'write a list of items',
    })
    .optional()
    .describe('At most 15 lines, each with the label that LINE has for its key'),
  buttons: z
    .array(
      mapping({
        buttonKey: content.describe("Key of a button in LINE's catalogue"),
        url: content.describe('Where it leads, at most 1,000 characters; a Liquid template'),
      }),
      { error: 'write a list of buttons' },
    )
    .optional()
    .describe('At most 2'),
})
const message = mapping({
  flexible: messageObjects
    .optional()
    .describe('Message objects of the Messaging API, reviewed by LINE; every text is a Liquid template'),
  template: template.optional().describe("One of LINE's own templates, which are not reviewed"),
})
  .transform(({ flexible, template }, context) => {
    if (flexible && !template) return { flexible }
    if (template && !flexible) return { template }
    context.addIssue({ code: 'custom', message: 'write either flexible or template' })
    return z.NEVER
  })
  .meta({ oneOf: [{ required: ['flexible'] }, { required: ['template'] }] })

const EXCEPT = 'write a list of texts, such as [口座振替割引]'
const advertising = mapping({
  except: z
    .array(text(EXCEPT), { error: EXCEPT })
    .min(1, { error: EXCEPT })
    .describe('What is within one of these texts does not count, such as 割引 in 口座振替割引'),
})

const APPROVED = 'write when LINE approved it, such as 2026-08-10 or 2026-08-10T14:30:00+09:00'
const review = mapping({
  id: text('write the name of the review at LINE, in quotes if it is a number').describe('What names the review at LINE'),
  approvedAt: z
    .string({ error: APPROVED })
    .refine((value) => ['date', 'instant'].includes(readTime(value)?.kind ?? ''), { error: APPROVED })
    .describe('When LINE approved it: a date, or a time with its offset'),
  fingerprint: matching(/^[0-9a-f]{16}$/, 'write the 16 hex digits that `tsuchi check` names, in quotes').describe(
    'Of the purpose and the message that LINE saw; `tsuchi check` says what it is now',
  ),
})

/** Of what a transformation reads, JSON Schema knows nothing. */
const CLOCK = String.raw`^\d{2}:\d{2}(:\d{2})?$`
const QUIET_WINDOW = {
  type: 'object',
  properties: {
    from: { type: 'string', pattern: CLOCK, description: 'It is quiet from then on, by the clock of the recipient' },
    until: { type: 'string', pattern: CLOCK, description: 'and before then; over midnight if it is the earlier' },
    on: {
      type: 'array',
      items: { type: 'string' },
      minItems: 1,
      description: 'The days on which it opens: mon to sun, holiday, or dates; left out: every day',
    },
  },
  required: ['from', 'until'],
  additionalProperties: false,
}
const QUIET_HOURS = {
  anyOf: [{ enum: ['default', 'none'] }, QUIET_WINDOW, { type: 'array', items: QUIET_WINDOW, minItems: 1 }],
}

/** What both forms of a route say: which events are meant, and how to read them. */
const events = {
  route: matching(name, 'write a name of a-z, 0-9 and hyphens').describe('Its name'),
  topic: matching(/^[A-Za-z0-9._-]{1,249}$/, 'write the name of the Kafka topic with the events').describe(
    'The Kafka topic with the events',
  ),
  event: text('write the full name of the Avro record, or the CloudEvents type').describe(
    'The full name of the Avro record, or the CloudEvents type in the header ce_type',
  ),
  schema: text('write the path of an .avsc file, as seen from this file').describe(
    'Our reader schema, an .avsc file as seen from this file: its defaults fill in what producers do not send',
  ),
  identity: mapping({
    source: text('write what names the producer, such as jp.example.billing').describe(
      'What names the producer, such as jp.example.billing',
    ),
    id: path.describe('Field that is the same when the event is produced again'),
  })
    .optional()
    .describe('What names the event; the headers ce_source and ce_id, if both are there, come first'),
  time: path
    .optional()
    .describe("Field with the time of the event; the header ce_time comes first. Left out: the record's timestamp"),
  recipients: path
    .optional()
    .describe('An array: one notification, or one thing called off, for each element. Left out: the event has one'),
  dedupeWindow: duration.prefault('P7D').describe('For how long the same event is known again; at least maxAge'),
}

/** A route that notifies, and the only place where what it leaves out is filled in. */
export const NotifyingFile = mapping({
  ...events,
  purpose: oneOf(PURPOSES).describe("What it is for, one of LINE's permitted uses"),
  channel: text('write the name of a configured channel').describe('A channel of the configuration'),
  recipient: mapping({
    phone: path.describe('Field with the phone number, as people write it'),
    country: oneOf(SERVED_COUNTRIES)
      .optional()
      .describe(
        'Whose national numbers are meant where one has no country code. Left out: recipients.country of the configuration',
      ),
    customer: path.optional().describe('Field with your id of the person; it goes into results'),
    timeZone: path.optional().describe('Field with an IANA zone. Left out: that of the country of the number'),
  }).describe('Who is notified'),
  urgency: oneOf(['normal', 'urgent']).default('normal').describe('urgent goes before all that waits'),
  quietHours: quietHoursSetting('default', 'none')
    .meta({ ...QUIET_HOURS })
    .default('default')
    .describe('When not to disturb: none, default, a window, or a list of windows'),
  expires: expires
    .optional()
    .describe('Field with a time, or a duration after the event: not sent from then on. A date means the end of that day'),
  maxAge: duration.prefault('PT24H').describe('An event read later than this after it happened is not sent'),
  unknown: mapping({
    policy: oneOf(['give-up', 'resend'])
      .default('give-up')
      .describe('give-up: what may have been delivered is not sent again. resend: it is, once, and some people get it twice'),
    wait: duration
      .optional()
      .describe('How long an answer is waited for. Left out: PT10M; with resend PT24H, as LINE may hold a message that long'),
  })
    .prefault({})
    .describe('What is done when nobody can say whether it was delivered'),
  fallback: oneOf(['sms', 'email']).optional().describe('A hint in results that LINE did not reach the person'),
  fallbackAfter: duration
    .optional()
    .describe(
      'How long after it might have gone that hint comes anyway, if LINE has not taken it by then, or, where receipts are awaited, not delivered it',
    ),
  subject: subject.optional().describe('What it is about: under this name it can be called off or replaced until it has left'),
  revision: revision
    .optional()
    .describe('Field with a whole number, or a whole number: of all about one subject, only the highest is sent'),
  onlyIf: z
    .literal('notified', { error: 'write notified, or leave it out' })
    .optional()
    .describe('notified: only for those who got, or may have got, something about the subject'),
  dedupe: dedupe.optional().describe('Another event that says the same to the same person within the window is a duplicate'),
  review: review.optional().describe("LINE's leave for this flexible message. Live channels of LINE need it"),
  advertising: advertising.optional().describe('What is no advertising, though it reads like it'),
  message: message.describe('What people get: flexible, or template'),
})

/** A route that notifies nobody, and calls off what waits. */
export const CancellingFile = mapping({
  ...events,
  cancels: subject.describe('What is called off: notifications with this subject'),
})

export type NotifyingFile = z.output<typeof NotifyingFile>
export type CancellingFile = z.output<typeof CancellingFile>
export type MessageSource = NotifyingFile['message']

/** What is sound of a faulty file, so that its other faults are found in the same run. */
export const SoundPartOfNotifyingFile = NotifyingFile.partial()
export type SoundPartOfNotifyingFile = z.output<typeof SoundPartOfNotifyingFile>
export const SoundPartOfCancellingFile = CancellingFile.partial()
export type SoundPartOfCancellingFile = z.output<typeof SoundPartOfCancellingFile>
