import type { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import { expect, test } from 'vitest'
import { RegistryUnavailableError } from '../../src/intake/event-reading.ts'
import { createEventReader } from '../../src/kafka/event-reader.ts'
import { RegistryAnswerError } from '../../src/kafka/registry-error.ts'

/** Confluent's header with schema 7, and a byte. */
const RECORD = Buffer.from([0, 0, 0, 0, 7, 1])

const reading = (status: number, message: string) => {
  const fault = new RegistryAnswerError(`Confluent_Schema_Registry - ${message}`, status)
  return createEventReader({ getSchema: () => Promise.reject(fault) } as unknown as SchemaRegistry).read(RECORD)
}

test.each(["No content with ID '7' was found.", 'Schema 7 not found'])(
  'a schema that the registry says it has not (%s) makes poison',
  async (message) => {
    expect(await reading(404, message)).toMatchObject({ kind: 'poison', reason: 'unknown-schema' })
  },
)

test.each([
  ['of a proxy before the registry', 404, 'Error, status 404: [object Object]'],
  ['of a page', 404, 'Error, status 404: <html>nothing here</html>'],
  ['of nobody', 400, 'Error, status 400: connect ECONNREFUSED 127.0.0.1:1'],
  ['that wants a password', 401, 'Unauthorized'],
])('an answer %s makes no poison: the record is to be read again', async (_, status, message) => {
  await expect(reading(status, message)).rejects.toThrow(RegistryUnavailableError)
})

test('a schema that is there and is no sound Avro makes poison, with what is wrong and who mends it', async () => {
  const fault = new Error(`incompatible field default null, union defaults must match the first branch's type ("string")`)
  const registry = { getSchema: () => Promise.reject(fault) } as unknown as SchemaRegistry
  expect(await createEventReader(registry).read(RECORD)).toEqual({
    kind: 'poison',
    reason: 'undecodable',
    detail: `schema id 7 is in the registry, and is no Avro that can be read (incompatible field default null, union defaults must match the first branch's type ("string")): its producer registers a sound one, and produces these events anew`,
  })
})
