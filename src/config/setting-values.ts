import { z } from 'zod'

/* How the configuration's values are read. The message of every issue is its remedy; none quotes what was found. */

export const text = (remedy: string) => z.string({ error: remedy }).min(1, { error: remedy })
export const whole = (least: number, most: number) => {
  const error = `write a whole number from ${least} to ${most}`
  return z.int({ error }).min(least, { error }).max(most, { error })
}
export const mapping = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `no such setting; there are ${Object.keys(shape).join(', ')}`
        : `write a mapping of ${Object.keys(shape).join(', ')}`,
  })

export const bytes = (least: number, exactly: boolean, name: string) => {
  const remedy = `write base64 of ${exactly ? '' : 'at least '}${least} bytes, as \${${name}}; make one with: openssl rand -base64 ${least}`
  return z.string({ error: remedy }).transform((value, context) => {
    const decoded = Buffer.from(value, 'base64')
    const sound = /^[A-Za-z0-9+/]+={0,2}$/.test(value.trim()) && (exactly ? decoded.length === least : decoded.length >= least)
    if (sound) return decoded
    context.addIssue({
      code: 'custom',
      message: `${remedy} (found ${value.length} characters, ${decoded.length} bytes if they are base64)`,
    })
    return z.NEVER
  })
}

const DAY_MS = 86_400_000
const DURATION = 'write an ISO 8601 duration above zero, such as PT10S'
/** In whole ms. For more than some days no timer can wait. */
export const duration = ({ none = false, mostDays = 366 } = {}) =>
  durationSaying(`${DURATION}, at most P${mostDays}D${none ? ', or none' : ''}`, {
    none,
    least: 1,
    most: mostDays * DAY_MS,
  })

export const durationBetween = (least: number, most: number) =>
  durationSaying(`write an ISO 8601 duration from ${spoken(least)} to ${spoken(most)}`, { none: false, least, most })

const durationSaying = (
  remedy: string,
  { none, least, most }: { readonly none: boolean; readonly least: number; readonly most: number },
) =>
  z.string({ error: remedy }).transform((value, context) => {
    if (none && value === 'none') return 0
    try {
      const ms = Temporal.Duration.from(value).total('milliseconds')
      if (Number.isInteger(ms) && ms >= least && ms <= most) return ms
    } catch {
      // said below
    }
    context.addIssue({ code: 'custom', message: remedy })
    return z.NEVER
  })

const spoken = (ms: number): string => Temporal.Duration.from({ milliseconds: ms }).round({ largestUnit: 'hours' }).toString()

const URL_REMEDY = 'write a URL that begins with http:// or https://'
const NO_CREDENTIALS = 'leave user and password out of the URL: there are settings for them'
export const url = z
  .url({ protocol: /^https?$/, error: URL_REMEDY })
  .refine((text) => !URL.canParse(text) || (new URL(text).username === '' && new URL(text).password === ''), {
    error: NO_CREDENTIALS,
  })
export const zone = text('write an IANA time zone, such as Asia/Tokyo').refine(isZone, {
  error: 'write an IANA time zone, such as Asia/Tokyo',
})

function isZone(name: string): boolean {
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId.length > 0
  } catch {
    return false
  }
}
