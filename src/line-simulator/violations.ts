import { type Reply, refuse, type Violation } from './reply.ts'

/** Collects everything wrong with a body, in LINE's words. Lengths are UTF-16 code units, LINE's default way of counting; for the
 *  limits of templates the unit is not stated, and this is the strict reading. */
export class Violations {
  readonly found: Violation[] = []

  add(message: string, property: string): void {
    this.found.push({ message, property })
  }

  /** False when there is no text to look at further. */
  text(value: string | null | undefined, property: string, max: number): value is string {
    if (!value) {
      this.add('May not be empty', property)
      return false
    }
    if (value.length > max) this.add(`Length must be between 0 and ${max}`, property)
    return true
  }

  size(value: readonly unknown[], property: string, min: number, max: number): void {
    if (value.length < min || value.length > max) this.add(`Size must be between ${min} and ${max}`, property)
  }

  refusal(): Reply | undefined {
    if (this.found.length === 0) return undefined
    return refuse(400, `The request body has ${this.found.length} error(s)`, this.found)
  }
}
