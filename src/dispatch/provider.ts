import type { Message } from '../domain/message.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { HashedPhone } from '../domain/phone.ts'
import type { Purpose } from '../domain/purpose.ts'

/** One HTTP call on behalf of one intention. */
export interface Attempt {
  readonly to: HashedPhone
  readonly message: Message
  readonly deliveryTag: string
  /** For LINE's own figures: nobody reads it from the message. */
  readonly purpose: Purpose
  /** Asked on the connected socket, before the first byte. `false` means: too late, do not start. */
  readonly mayStart: () => boolean
}

/** What dispatch needs of LINE, or of a partner's relay: one instance for each channel. */
export interface Provider {
  /** Whatever happens is an outcome; it rejects only for a fault of the caller's. Never retries, and never takes longer than the channel's deadline. */
  send(attempt: Attempt): Promise<Outcome>
  close(): Promise<void>
}
