import { z } from 'zod'
import { duration, mapping, text, url, whole } from './setting-values.ts'

const MOST_PRICE = 1_000_000
const PRICE = `write a number from 0 to ${MOST_PRICE}`
const TOKEN = 'write the channel access token, as ${NAME}, without spaces or line breaks'

const rate = whole(1, 1_000_000)
const price = z.number({ error: PRICE }).min(0, { error: PRICE }).max(MOST_PRICE, { error: PRICE })

const token = z.discriminatedUnion(
  'kind',
  [
    mapping({
      kind: z.literal('stateless'),
      clientId: text('write the channel id, in quotes'),
      clientSecret: text('write the channel secret, as ${NAME}'),
      url: url.optional(),
    }),
    mapping({ kind: z.literal('long-lived'), token: z.string({ error: TOKEN }).regex(/^[\x21-\x7e]+$/, { error: TOKEN }) }),
  ],
  { error: 'write { kind: stateless, clientId, clientSecret } or { kind: long-lived, token }' },
)

const LINE_URL = 'https://api.line.me'
const DESTINATION = "write the account's own user id, as `destination` of its webhooks has it: U and 32 hex digits"
const REF = 'write a recipientRef as results and `tsuchi preview` have it: 64 hex digits'

/** One LINE channel: how to reach it, what is sent on it, and what it says back. */
export const channelSetting = mapping({
  provider: z.enum(['line', 'line-simulator'], { error: 'write line, or line-simulator' }).default('line'),
  baseUrl: url.default(LINE_URL),
  paths: mapping({ template: text('write a path').optional(), flexible: text('write a path').optional() }).default({}),
  headers: z.record(z.string(), z.string({ error: 'write a text' })).default({}),
  token,
  mode: z.enum(['live', 'allow-list', 'shadow'], { error: 'write live, allow-list or shadow' }).default('live'),
  allow: z
    .array(z.string({ error: REF }).regex(/^[0-9a-f]{64}$/, { error: REF }), { error: 'write a list of recipientRefs' })
    .default([]),
  catalogue: text('write the path of a file').optional(),
  advertising: z.enum(['warn', 'refuse'], { error: 'write warn or refuse' }).default('warn'),
  receipts: z.enum(['none', 'webhook'], { error: 'write none, or webhook' }).default('none'),
  webhook: mapping({
    destination: z.string({ error: DESTINATION }).regex(/^U[0-9a-f]{32}$/, { error: DESTINATION }),
    secrets: z
      .array(text('write the channel secret, as ${NAME}'), { error: 'write a list of secrets, each as ${NAME}' })
      .min(1, { error: 'give at least one: the channel secret, as ${NAME}' }),
    forward: url.optional(),
  }).optional(),
  aggregationUnits: z.enum(['none', 'purpose'], { error: 'write none, or purpose' }).default('none'),
  limits: mapping({ template: rate.default(2_000), flexible: rate.default(2_000) }).prefault({}),
  deadline: duration({ mostDays: 7 }).default(10_000),
  connections: whole(1, 10_000).default(512),
  probeEvery: duration().default(600_000),
  price: mapping({
    currency: z.string().regex(/^[A-Z]{3}$/, { error: 'write an ISO 4217 code, such as JPY' }),
    template: price,
    flexible: price,
  }).optional(),
}).superRefine(({ provider, baseUrl, receipts, webhook }, context) => {
  if (receipts === 'webhook' && !webhook)
    context.addIssue({
      code: 'custom',
      path: ['webhook'],
      message: 'receipts come by webhook, so write { destination, secrets }; or receipts: none',
    })
  const hostname = URL.canParse(baseUrl) ? new URL(baseUrl).hostname.replace(/\.+$/, '') : ''
  if (provider === 'line-simulator' && (hostname === 'line.me' || hostname.endsWith('.line.me')))
    context.addIssue({
      code: 'custom',
      path: ['baseUrl'],
      message: 'write the URL of the simulator, as it prints it: this is LINE',
    })
})
