import { createRequire } from 'node:module'

/** kafkajs 2.2.4 re-arms a timer about every millisecond on every connection, for as long as it is open, although there is work for it
 *  only while requests are pending: 5–7 % of a core with 64 idle producers, and a TimeoutNegativeWarning on Node 24 and later (the
 *  computed delay is negative). This arms it only when something is pending. Bound to the exact version: a new kafkajs must be looked
 *  at again, and test/unit/request-queue-patch.test.ts fails when the patch is no longer needed. */
export const patchRequestQueue = (): void => {
  const require = createRequire(import.meta.url)
  const { version } = require('kafkajs/package.json') as { version: string }
  if (version !== PATCHED_VERSION)
    throw new Error(
      `kafkajs is ${version}, but src/kafka/request-queue-patch.ts was written for ${PATCHED_VERSION}: look whether it is still needed`,
    )
  const { prototype } = require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue }
  if (patched.has(prototype)) return
  patched.add(prototype)
  const original = prototype.scheduleCheckPendingRequests
  prototype.scheduleCheckPendingRequests = function () {
    if (this.pending.length > 0) original.call(this)
  }
}

export const PATCHED_VERSION = '2.2.4'

interface RequestQueue {
  readonly pending: readonly unknown[]
  scheduleCheckPendingRequests(): void
}

const patched = new WeakSet<RequestQueue>()
