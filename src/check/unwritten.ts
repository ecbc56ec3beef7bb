import type { Type } from 'avsc'
import { readEventSchema, readField } from '../intake/event-schema.ts'
import { scopesOf } from '../intake/field-faults.ts'
import type { Route } from '../intake/route.ts'
import type { Findings } from './findings.ts'

/** What the route uses and the written schema does not have, though it can be read: the reader's defaults stand in, for everybody. */
export const unwritten = (route: Route, written: Type, file: string): Omit<Findings, 'looked'> => {
  const reader = readEventSchema(JSON.stringify(route.schema.json))
  const writer = readEventSchema(JSON.stringify(written))
  // With aliases a field may be written by another name.
  if (reader.kind === 'faulty' || writer.kind === 'faulty' || /"aliases"/.test(JSON.stringify(route.schema.json))) return {}
  const recipients = { recipients: route.recipients?.text }
  const [read, wrote] = [scopesOf(reader.record, recipients), scopesOf(writer.record, recipients)]
  const gone = usesOf(route).filter(({ path, at }) => {
    const [before, after] = at === 'event' ? [read.event, wrote.event] : [read.recipient, wrote.recipient]
    return before && after && readField(before, path).kind === 'found' && readField(after, path).kind === 'absent'
  })
  const tell = ({ path, use }: Use) =>
    `route ${route.id} uses ${path.join('.')} (${use}), which ${file} does not write, so that it would be empty for everybody. Write it, or have the route do without (${route.file})`
  const isNeeded = ({ use }: Use) => use === 'recipient.phone' || use === 'recipients'
  return {
    faults: gone.filter(isNeeded).map(tell),
    warnings: gone.filter((use) => !isNeeded(use)).map(tell),
  }
}

interface Use {
  /** The setting of the route that names it. */
  readonly use: string
  readonly path: readonly (string | number)[]
  readonly at: 'event' | 'recipient'
}

const usesOf = (route: Route): readonly Use[] => {
  const named = (use: string, at: Use['at'], path: { readonly segments: readonly string[] } | null): Use[] =>
    path ? [{ use, at, path: path.segments }] : []
  const shared = [
    ...named('recipients', 'event', route.recipients),
    ...named('identity.id', 'event', route.identity?.id ?? null),
    ...named('time', 'event', route.time),
  ]
  if (route.kind === 'cancel') return [...shared, ...named('cancels.id', 'recipient', route.subject.id)]
  const { recipient, expires, subject, revision, business, message } = route
  const uses = [
    ...shared,
    ...named('recipient.phone', 'recipient', recipient.phone),
    ...named('recipient.customer', 'recipient', recipient.customer),
    ...named('recipient.timeZone', 'recipient', recipient.timeZone),
    ...named('expires', 'recipient', expires?.kind === 'field' ? expires.path : null),
    ...named('subject.id', 'recipient', subject?.id ?? null),
    ...named('revision', 'recipient', typeof revision === 'object' ? revision : null),
    ...(business?.key ?? []).flatMap((path) => named('dedupe.key', 'recipient', path)),
    ...message.texts.flatMap(({ variables }) =>
      variables.map((path): Use => ({ use: 'a text of the message', at: 'recipient', path })),
    ),
  ]
  // A field that is used twice is told once, by its first use.
  return uses.filter(({ path }, place) => uses.findIndex((other) => other.path.join('.') === path.join('.')) === place)
}
