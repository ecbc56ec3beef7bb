import type { Message } from '../domain/message.ts'

/** What one event has told whom so far. */
export class Told {
  readonly #seen = new Map<string, number>()
  readonly #identities = new Map<string, string>()

  /** How often the event has named this pair before. Counted before anything can be refused, so that mending one recipient does not
   *  move the others. */
  count(customerId: string | null, recipientRef: string): number {
    const key = JSON.stringify([customerId, recipientRef])
    const before = this.#seen.get(key) ?? 0
    this.#seen.set(key, before + 1)
    return before
  }

  /** The identity for this message: that of the first who was told the same at the same number, so that the second is a duplicate
   *  (a family with one phone); otherwise its own. What is about another subject may be called off by itself, and is not the same. */
  tell(recipientRef: string, subject: string | null, message: Message, own: string): string {
    const key = JSON.stringify([recipientRef, subject, message])
    const first = this.#identities.get(key) ?? own
    this.#identities.set(key, first)
    return first
  }
}
