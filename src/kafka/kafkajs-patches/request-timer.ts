import { patchClass } from './inner-class.ts'

/** Wrong in kafkajs 2.2.4: it re-arms a timer about every millisecond on every connection, for as long as it is open, although there is
 *  work for it only while requests are pending: 5–7 % of a core with 64 idle producers, and a TimeoutNegativeWarning on Node 24 and later
 *  (the computed delay is negative).
 *
 *  Mended: it is armed only when something is pending.
 *
 *  Held by test/unit/kafkajs-patches.test.ts, “with the patch”. */
export const patchRequestTimer = (): void =>
  patchClass<RequestQueue>('kafkajs/src/network/requestQueue', (prototype) => {
    const { scheduleCheckPendingRequests } = prototype
    prototype.scheduleCheckPendingRequests = function () {
      if (this.pending.length > 0) scheduleCheckPendingRequests.call(this)
    }
  })

interface RequestQueue {
  readonly pending: readonly unknown[]
  scheduleCheckPendingRequests(): void
}
