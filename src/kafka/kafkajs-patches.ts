import { createRequire } from 'node:module'
import { patchCoordinatorSearch } from './kafkajs-patches/coordinator-search.ts'
import { patchEmptyBatches } from './kafkajs-patches/empty-batches.ts'
import { patchMuteBrokers } from './kafkajs-patches/mute-brokers.ts'
import { patchRecordHeaders } from './kafkajs-patches/record-headers.ts'
import { patchRequestTimer } from './kafkajs-patches/request-timer.ts'

/** Mends kafkajs itself: src/kafka/kafkajs-patches/ has a file for each patch, which says what is wrong, how it is mended, and which test holds
 *  it. Bound to the exact version: a new kafkajs must be looked at again, and test/unit/kafkajs-patches.test.ts fails when one of these is no
 *  longer needed. Safe to repeat. */
export const patchKafkajs = (): void => {
  const { version } = require('kafkajs/package.json') as { version: string }
  if (version !== PATCHED_VERSION)
    throw new Error(
      `kafkajs is ${version}, but src/kafka/kafkajs-patches.ts was written for ${PATCHED_VERSION}: look whether it is still needed`,
    )
  patchRequestTimer()
  patchEmptyBatches()
  patchRecordHeaders()
  patchCoordinatorSearch()
  patchMuteBrokers()
}

export const PATCHED_VERSION = '2.2.4'

const require = createRequire(import.meta.url)
