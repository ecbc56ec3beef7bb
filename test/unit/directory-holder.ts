import { lockStateDirectory } from '../../src/dispatch/store-directory.ts'

/** Holds a state directory, says so, and waits to be killed. */
const [, , directory = ''] = process.argv
const lock = lockStateDirectory(directory)
console.log('held')
setInterval(() => lock, 1_000)
