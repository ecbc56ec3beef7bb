import { HOME, type RouteName } from './routes.ts'

/** One record of an input topic, before its time has come. */
export interface Planned {
  /** When, as a share of the whole time. */
  readonly at: number
  /** Whose topic it goes to. */
  readonly route: RouteName
  readonly key: string | null
  /** How many notifications it asks for, those that must be refused with them. */
  readonly notifications: number
  readonly content: Content
  readonly headers?: (when: When) => Readonly<Record<string, string>>
}

export type Content =
  /** Of the route whose schema it is written with: usually its own. */
  | { readonly kind: 'event'; readonly schemaOf: RouteName; readonly event: (when: When) => Event }
  | {
      readonly kind: 'broken'
      readonly how: Broken
      readonly phone: string
      readonly schemaOf: RouteName
      readonly event: (when: When) => Event
    }

export type Broken = 'not-framed' | 'unknown-schema' | 'cut' | 'null'

/** The instant of a share of the whole time, ms. The same record planned again, for later, is made by its own share. */
export type When = (share: number) => number

export type Event = Readonly<Record<string, unknown>>

/** `2026-08-31T14:30:00+09:00` */
export const instantText = (ms: number): string =>
  Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(HOME).toString({ timeZoneName: 'never', smallestUnit: 'second' })
