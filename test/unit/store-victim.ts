import { openSqliteStore } from '../../src/store/sqlite-store.ts'
import { entryOf } from './notification-builder.ts'
import { codec } from './store-codec.ts'

/** Syncs a store, applies something more, says so, and waits to be killed. */
const [, , file = ''] = process.argv
const store = openSqliteStore({ file, partition: 3, incarnation: '0123456789ab', now: 1_000_000, oldestSyncMs: 60_000, codec })
store.apply({ entries: [entryOf(1), entryOf(2)] }, 41)
store.sync(1_000_000)
store.apply({ entries: [entryOf(1, { state: 'done' }), entryOf(3)] }, 42)
console.log('applied')
setInterval(() => store.count(), 1_000)
