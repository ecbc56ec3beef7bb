import { type Drawn, type Listed, openDrawBook } from './draw-book.ts'
import { type WebhookFault, type WebhookFaultSpec, webhookFaultSpec } from './webhook-fault.ts'

/** By what faults select an event. */
export interface Faultable {
  readonly channel: string
  readonly type: string
  readonly tag: string | null
  /** The digest of the number of the person it is about, if it is about one. */
  readonly to: string | null
}

export interface WebhookFaultBook {
  /** Throws a ZodError when the fault makes no sense. */
  add(spec: WebhookFaultSpec): Listed<WebhookFault>
  /** False when no event can be early: what every push has to ask. */
  mayBeEarly(): boolean
  /** The `early` that befalls the event that is going to be, if any; only the moment of the push knows. */
  drawEarly(event: Faultable): Drawn<WebhookFault> | undefined
  /** The other faults. */
  draw(event: Faultable): Drawn<WebhookFault> | undefined
  /** Spent ones included. */
  list(): Listed<WebhookFault>[]
  clear(): void
}

interface Selected {
  readonly tags: ReadonlySet<string> | undefined
  readonly to: ReadonlySet<string> | undefined
}

export const openWebhookFaultBook = (): WebhookFaultBook => {
  const book = openDrawBook<WebhookFault, Selected>()
  let mayBeEarly = false
  return {
    list: book.list,
    clear: () => {
      mayBeEarly = false
      book.clear()
    },
    mayBeEarly: () => mayBeEarly,
    add: (spec) => {
      const fault = webhookFaultSpec.parse(spec)
      mayBeEarly ||= fault.kind === 'early'
      return book.add(fault, { tags: setOf(fault.tag), to: setOf(fault.to) })
    },
    drawEarly: (event) => book.draw((fault, selected) => fault.kind === 'early' && selects(fault, selected, event)),
    draw: (event) => book.draw((fault, selected) => fault.kind !== 'early' && selects(fault, selected, event)),
  }
}

const setOf = (chosen: string | readonly string[] | undefined): ReadonlySet<string> | undefined =>
  chosen === undefined ? undefined : new Set([chosen].flat())

const selects = (fault: WebhookFault, { tags, to }: Selected, event: Faultable): boolean =>
  (fault.channel === undefined || fault.channel === event.channel) &&
  (fault.event === undefined || fault.event === event.type) &&
  (tags === undefined || (event.tag !== null && tags.has(event.tag))) &&
  (to === undefined || (event.to !== null && to.has(event.to)))
