import { createReadStream } from 'node:fs'
import type { CanaryHunt } from './canary.ts'
import type { RawRecord } from './inner-cluster.ts'

/** Key, value and headers, as they lie on the broker's disk. */
export const searchRecord = (
  hunt: CanaryHunt,
  record: Pick<RawRecord, 'key' | 'value' | 'headers'>,
  place: () => string,
): void => {
  if (record.key) hunt.search(record.key, () => `${place()} key`)
  if (record.value) hunt.search(record.value, () => `${place()} value`)
  for (const [name, value] of Object.entries(record.headers)) {
    hunt.search(Buffer.from(name), () => `${place()} name of a header`)
    for (const each of [value ?? []].flat()) hunt.search(Buffer.from(each), () => `${place()} header ${name}`)
  }
}

/** All of a file, also what lies across the cuts between its parts. */
export const searchFile = async (hunt: CanaryHunt, path: string, place: string): Promise<void> => {
  let rest: Buffer = Buffer.of()
  for await (const part of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    const bytes = Buffer.concat([rest, part])
    hunt.search(bytes, () => place)
    rest = bytes.subarray(Math.max(0, bytes.length - hunt.longest + 1))
  }
}
