import { createRequire } from 'node:module'

/** Wrong in kafkajs 2.2.4: it does not get past a batch without records. Compaction leaves one where a producer's last sequence must be
 *  kept, and a fetch does not go beyond a segment: one that ends in such a batch answers with nothing but it. kafkajs sees no records, does
 *  not move, and asks for the same offset for ever (seen: after a total crash, journals of which the last transaction was aborted and
 *  compacted away were never restored).
 *
 *  Mended: as the batch says how far it reaches, it is given one control record there. Those are not delivered, and are moved over.
 *
 *  Held by test/unit/kafkajs-patches.test.ts, “a batch that compaction has emptied”. */
export const patchEmptyBatches = (): void => {
  const path = require.resolve('kafkajs/src/protocol/recordBatch/v0/decoder')
  const original = require(path) as RecordBatchDecoder
  if (ours.has(original)) return
  const decoder: RecordBatchDecoder = async (bytes) => {
    const batch = await original(bytes)
    return batch.records.length > 0 ? batch : { ...batch, records: [endOf(batch)] }
  }
  const module = require.cache[path]
  if (!module) throw new Error(`${path} is not in the cache of modules`)
  ours.add(decoder)
  module.exports = decoder
  // Whoever has taken the original is loaded anew; kafkajs asks for these at every fetch.
  for (const loaded of Object.keys(require.cache))
    if (/[\\/]kafkajs[\\/]src[\\/]protocol[\\/]requests[\\/]fetch[\\/]v\d+[\\/]/.test(loaded)) delete require.cache[loaded]
}

const require = createRequire(import.meta.url)
const ours = new WeakSet<RecordBatchDecoder>()

const endOf = (batch: RecordBatch): object => ({
  offset: String(BigInt(batch.firstOffset) + BigInt(batch.lastOffsetDelta)),
  timestamp: batch.maxTimestamp,
  key: null,
  value: null,
  headers: {},
  attributes: 0,
  isControlRecord: true,
  batchContext: { ...batch, inTransaction: false, isControlBatch: true },
})

type RecordBatchDecoder = (bytes: unknown) => Promise<RecordBatch>

interface RecordBatch {
  readonly firstOffset: string
  readonly lastOffsetDelta: number
  readonly maxTimestamp: string
  readonly records: readonly object[]
}
