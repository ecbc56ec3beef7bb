import { parseDeliveryTag } from '../domain/delivery-tag.ts'
import { partitionOf } from '../domain/partition.ts'
import type { EventFacts, Notification } from '../domain/request.ts'
import type { Fact } from './fact.ts'

/** What a notification can be found by. */
export const ID_KINDS = ['notification', 'tag', 'recipient', 'event', 'customer', 'subject'] as const
export type IdKind = (typeof ID_KINDS)[number]

export interface Search {
  readonly id: string
  readonly kinds: readonly IdKind[]
  /** Where it can be; left out: anywhere. */
  readonly partitions?: readonly number[]
}

/** What to look for, one after the other until something is found: what the id has the form of, and then whatever else it may be. */
export const searchesFor = (id: string, as: IdKind | undefined, partitions: number): readonly Search[] => {
  if (as) return [narrowed(id, as, partitions)]
  const form = formOf(id)
  const others: IdKind[] = ['event', 'customer', 'subject']
  return form ? [narrowed(id, form, partitions), { id, kinds: others }] : [{ id, kinds: others }]
}

const formOf = (id: string): IdKind | undefined => {
  if (parseDeliveryTag(id)) return 'tag'
  if (/^[0-9a-f]{32}$/.test(id)) return 'notification'
  return /^[0-9a-f]{64}$/.test(id) ? 'recipient' : undefined
}

/** A tag names its partition; one person's notifications are in one. */
const narrowed = (id: string, kind: IdKind, partitions: number): Search => {
  const partition =
    kind === 'tag' ? parseDeliveryTag(id)?.partition : kind === 'recipient' ? partitionOf(id, partitions) : undefined
  const known = partition !== undefined && partition < partitions
  return { id, kinds: [kind], ...(known && { partitions: [partition] }) }
}

/** As what a fact of a notification has this id, if it does. */
export const matchOf = (fact: Fact, { id, kinds }: Search): IdKind | undefined => {
  const names = namesOf(fact)
  return names && kinds.find((kind) => names[kind]?.includes(id))
}

type Names = Readonly<Partial<Record<IdKind, readonly (string | null)[]>>>

const namesOf = (fact: Fact): Names | undefined => {
  switch (fact.kind) {
    case 'request': {
      const { request } = fact
      if (request.kind === 'ready') return namesIn(request.notification)
      return request.kind === 'refused' ? namesIn({ ...request, subject: null }) : { notification: [request.notificationId] }
    }
    case 'entry': {
      const { notificationId, notification, deliveryTag, pastTags } = fact.entry
      return { ...(notification ? namesIn(notification) : { notification: [notificationId] }), tag: [deliveryTag, ...pastTags] }
    }
    case 'result':
      return { ...namesIn(fact.result), tag: [fact.result.deliveryTag] }
    default:
      return undefined
  }
}

type Named = Pick<Notification, 'notificationId' | 'customerId' | 'subject'> & {
  readonly recipientRef: string | null
  readonly event: EventFacts
}

const namesIn = ({ notificationId, recipientRef, event, customerId, subject }: Named): Names => ({
  notification: [notificationId],
  recipient: [recipientRef],
  event: [event.id],
  customer: [customerId],
  subject: [subject],
})

export const notificationIdIn = (fact: Fact): string | undefined => namesOf(fact)?.notification?.[0] ?? undefined

/** `undefined`: the fact does not have what it is about. */
export const subjectIn = (fact: Fact): string | null | undefined => namesOf(fact)?.subject?.[0]
