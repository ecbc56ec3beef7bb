/** One HTTP answer, before it gets its request id. */
export interface Reply {
  readonly status: number
  readonly body: string
  readonly contentType?: string
  /** Somebody on the way says it, who knows nothing of LINE's request ids. */
  readonly isForeign?: true
  readonly headers?: Readonly<Record<string, string>>
}

/** LINE's way of naming what is wrong with a body. `property` is a path: `body.items[0].content`; inside a Flex Message `/body/…`. */
export interface Violation {
  readonly message: string
  readonly property: string
}

/** LINE's error body. An empty `details` is left out, as LINE does. */
export const refuse = (status: number, message: string, details: readonly Violation[] = []): Reply => ({
  status,
  body: JSON.stringify(details.length > 0 ? { message, details } : { message }),
})

/** The error body of the token endpoint has OAuth's shape (RFC 6749, 5.2). */
export const refuseToken = (status: number, error: string, description: string): Reply => ({
  status,
  body: JSON.stringify({ error, error_description: description }),
})

export const ok = (status: 200 | 202): Reply => ({ status, body: '{}' })

export const NOT_FOUND = refuse(404, 'Not found')
export const FORBIDDEN = refuse(403, 'Access to this API is not available for your account')
export const FAILED_TO_SEND = refuse(422, 'Failed to send messages')
export const RATE_LIMITED = refuse(429, 'The API rate limit has been exceeded. Try again later.')
export const MONTHLY_LIMIT = refuse(429, 'You have reached your monthly limit.')
export const TOO_LARGE = refuse(413, 'The request body is too large')
/** LINE does not print the body of its 5xx. */
export const INTERNAL_ERROR = refuse(500, 'Internal server error')

/** LINE publishes the pattern, not the reasons. */
export const unauthenticated = (reason: string): Reply => ({
  ...refuse(401, `Authentication failed due to the following reason: ${reason}`),
  headers: { 'www-authenticate': 'Bearer' },
})
