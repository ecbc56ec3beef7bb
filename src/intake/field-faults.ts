import { elementScope, readField, type SchemaScope } from './event-schema.ts'
import { fieldPath } from './field-path.ts'
import type { RouteDocument } from './route-document.ts'
import { type Fault, type FieldPathInFile, quote } from './route-fault.ts'
import type { SoundPartOfCancellingFile, SoundPartOfNotifyingFile } from './route-file.ts'

/** What the paths of a route file may start with. */
export interface Scopes {
  readonly event: SchemaScope
  /** Null where `recipients` does not lead to an array of records. */
  readonly recipient: SchemaScope | null
}

export const scopesOf = (event: SchemaScope, { recipients }: { readonly recipients?: string | undefined }): Scopes => ({
  event,
  recipient: recipients === undefined ? event : (elementScope(event, fieldPath(recipients).segments) ?? null),
})

/** Paths that lead nowhere in the reader schema, or to a value of a type that cannot be used there. */
export const fieldFaults = (document: RouteDocument, { event, recipient }: Scopes): Fault[] => {
  const { sound, fault } = document
  const faults: Fault[] = []
  const check = (scope: SchemaScope, { at, path, wanted }: NamedField) => {
    if (path === undefined) return
    const reading = readField(scope, fieldPath(path).segments)
    if (reading.kind === 'absent') faults.push(fault(at, quote(path), reading.detail))
    else if (!reading.kinds.every((kind) => wanted.includes(kind))) {
      faults.push(
        fault(at, `${quote(path)}, in the schema ${reading.kinds.join(' or ')}`, `name a field that is ${wanted.join(', ')}`),
      )
    }
  }

  check(event, { at: ['identity', 'id'], path: sound.identity?.id, wanted: ID })
  check(event, { at: ['time'], path: sound.time, wanted: TIME })
  check(event, { at: ['recipients'], path: sound.recipients, wanted: ['array'] })
  if (!recipient) {
    const leadsToArray = sound.recipients !== undefined && readField(event, fieldPath(sound.recipients).segments)
    if (leadsToArray && leadsToArray.kind === 'found' && leadsToArray.kinds.includes('array')) {
      faults.push(fault(['recipients'], quote(sound.recipients), 'name an array whose elements are records of one type'))
    }
    return faults
  }
  const fields = document.kind === 'notify' ? notifyingFields(document.sound) : cancellingFields(document.sound)
  for (const field of fields) check(recipient, field)
  return faults
}

/** A path, where the file has it, and which of Avro's types it may lead to. */
interface NamedField {
  readonly at: FieldPathInFile
  readonly path: string | undefined
  readonly wanted: readonly string[]
}

const TEXT = ['string', 'enum']
const WHOLE_NUMBER = ['int', 'long']
const ID = [...TEXT, ...WHOLE_NUMBER]
const TIME = ['string', 'long']

const notifyingFields = ({ recipient, expires, subject, revision, dedupe }: SoundPartOfNotifyingFile): readonly NamedField[] => [
  { at: ['recipient', 'phone'], path: recipient?.phone, wanted: TEXT },
  { at: ['recipient', 'customer'], path: recipient?.customer, wanted: ID },
  { at: ['recipient', 'timeZone'], path: recipient?.timeZone, wanted: TEXT },
  { at: ['expires'], path: expires?.kind === 'field' ? expires.path : undefined, wanted: TIME },
  { at: ['subject', 'id'], path: subject?.id, wanted: ID },
  { at: ['revision'], path: typeof revision === 'string' ? revision : undefined, wanted: WHOLE_NUMBER },
  ...(dedupe?.key ?? []).map((path, index) => ({ at: ['dedupe', 'key', index], path, wanted: ID })),
]

const cancellingFields = ({ cancels }: SoundPartOfCancellingFile): readonly NamedField[] => [
  { at: ['cancels', 'id'], path: cancels?.id, wanted: ID },
]
