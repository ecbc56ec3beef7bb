import type { PoisonReason, RefusalReason } from '../domain/request.ts'

/** What to do where nobody is told. */
export const remedyOf = (reason: string): string => REMEDIES[reason as keyof typeof REMEDIES] ?? 'none is known'

const REMEDIES: Readonly<Record<PoisonReason | RefusalReason, string>> = {
  'no-value': 'producers send an event with a value; tombstones are skipped so',
  'not-confluent': "produce it with the registry's Avro serializer",
  'unknown-schema': 'register the schema it was written with, or name the registry that has it (registry.url)',
  undecodable: "make the producer's schema and the route's compatible, and replay the dead letter",
  'internal-fault': 'report it: the fault is in tsuchi; replay the dead letter when it is mended',
  'no-route': 'write a route for this topic and type, or let the producer send the type that a route has',
  'no-phone': 'the producer sends the number in the field that the route names as recipient.phone',
  'unusable-phone': 'the producer sends a number as people write it: E.164, or national of the country of the route',
  'country-not-served': 'tell this person in another way: LINE has no notification messages there',
  'missing-field': 'the producer sends the field, or the route does without it (a default, an if)',
  'malformed-field': 'the producer sends the field as the route wants it, or the route names another',
  'content-rule': "change the route's message, or what the event puts into it",
  advertising: "change the route's message: LINE forbids advertising; or list what is none as advertising.except",
  'no-recipients': 'the producer names at least one',
  'opted-out': 'none: the person wants nothing (tsuchi.opt-outs)',
  'not-reviewed': 'have LINE review the message, write the record into the route, and produce the event anew',
  'not-on-allow-list': "add the recipientRef to the channel's allow, or set mode: live",
}
