/** One event as a provider's webhook tells of it, in our words. Times are ms since the epoch, by the provider's clock. */
export type Heard =
  /** A message can be seen by its recipient. `data` is what it was sent with: a delivery tag, or the recipient's digest. */
  | { readonly kind: 'delivery'; readonly data: string; readonly at: number }
  | (Happened & { readonly kind: 'follow'; readonly userId: string; readonly unblocked: boolean | null })
  | (Happened & { readonly kind: 'unfollow'; readonly userId: string })
  | (Happened & {
      readonly kind: 'account-link'
      readonly userId: string | null
      readonly linked: boolean
      readonly nonce: string | null
    })
  /** Of a kind that is of use, and without what makes it so; or no event at all. */
  | { readonly kind: 'malformed'; readonly type: EventType | 'other' }
  /** Of a kind that is of no use here, or that nobody knows yet. */
  | { readonly kind: 'other' }

export type EventType = 'delivery' | 'follow' | 'unfollow' | 'account-link'

interface Happened {
  readonly webhookEventId: string
  readonly at: number
  readonly redelivered: boolean
}

/** What one signed body says. */
export interface HeardBody {
  /** The account whose events these are, by the provider's name of it. */
  readonly destination: string
  readonly events: readonly Heard[]
}

/** How a provider signs and writes. */
export interface Dialect {
  /** Over the bytes as they came, in constant time. */
  readonly isSignedWith: (secret: string, body: Buffer, signature: string) => boolean
  /** `undefined`: not a body of the provider's. */
  readonly read: (body: Buffer) => HeardBody | undefined
}
