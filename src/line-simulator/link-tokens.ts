import { randomBytes } from 'node:crypto'

export interface LinkTokens {
  issue(channel: string, userId: string): string
  /** Whose it is. Works once, and for ten minutes. */
  redeem(token: string): { readonly channel: string; readonly userId: string } | undefined
}

export const openLinkTokens = (now: () => number): LinkTokens => {
  // All lives are equal, so the order of issue is the order of expiry.
  const issued = new Map<string, { readonly channel: string; readonly userId: string; readonly expiresAt: number }>()

  const forgetExpired = (): void => {
    for (const [token, { expiresAt }] of issued) {
      if (expiresAt > now()) return
      issued.delete(token)
    }
  }

  return {
    issue: (channel, userId) => {
      forgetExpired()
      const token = randomBytes(24).toString('base64url')
      issued.set(token, { channel, userId, expiresAt: now() + LIFE_MS })
      return token
    },
    redeem: (token) => {
      forgetExpired()
      const found = issued.get(token)
      issued.delete(token)
      return found && { channel: found.channel, userId: found.userId }
    },
  }
}

const LIFE_MS = 600_000
