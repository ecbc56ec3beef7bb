import { setTimeout as pause } from 'node:timers/promises'
import avro from 'avsc'

/** Records in Confluent's wire format: a zero byte, the id of the writer's schema in four, Avro. By the registry's own answers. */
export interface Confluent {
  /** By the newest schema of a topic. */
  encoderOf(topic: string): Promise<(value: object) => Buffer>
  decode(value: Buffer | null): Promise<Decoded>
}

export type Decoded =
  | { readonly kind: 'record'; readonly name: string; readonly value: unknown }
  /** No value, no header, no such schema (then without a name), or bytes that do not fit it. */
  | { readonly kind: 'unreadable'; readonly name: string | null }

const RETRY_MS = 300

export const confluentAt = (registryUrl: string): Confluent => {
  const types = new Map<number, avro.Type | null>()

  /** Null: there is none, says the registry. Asks until it answers. */
  const ask = async (path: string): Promise<{ readonly id?: number; readonly schema: string } | null> => {
    for (;;) {
      const answer = await fetch(`${registryUrl.replace(/\/$/, '')}${path}`, { signal: AbortSignal.timeout(5_000) }).catch(
        () => undefined,
      )
      const body = await answer?.text().catch(() => undefined)
      if (answer?.status === 200 && body !== undefined) return JSON.parse(body)
      if (answer?.status === 404 && body?.includes('"error_code":40')) return null
      await pause(RETRY_MS)
    }
  }

  const typeOf = async (id: number): Promise<avro.Type | null> => {
    const known = types.get(id)
    if (known !== undefined) return known
    const found = await ask(`/schemas/ids/${id}`)
    const type = found && avro.Type.forSchema(JSON.parse(found.schema))
    types.set(id, type)
    return type
  }

  return {
    encoderOf: async (topic) => {
      const found = await ask(`/subjects/${topic}-value/versions/latest`)
      if (found?.id === undefined) throw new Error(`the registry has no schema of ${topic}: register those of the events`)
      const header = Buffer.alloc(5)
      header.writeInt32BE(found.id, 1)
      const type = avro.Type.forSchema(JSON.parse(found.schema))
      return (value) => Buffer.concat([header, type.toBuffer(value)])
    },
    decode: async (value) => {
      if (value === null || value.length < 5 || value[0] !== 0) return { kind: 'unreadable', name: null }
      const type = await typeOf(value.readInt32BE(1))
      if (!type) return { kind: 'unreadable', name: null }
      try {
        return { kind: 'record', name: type.name ?? '', value: type.fromBuffer(value.subarray(5)) }
      } catch {
        return { kind: 'unreadable', name: type.name ?? '' }
      }
    },
  }
}
