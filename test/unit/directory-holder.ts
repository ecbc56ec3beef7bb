import { lockStateDirectory } from '../../src/store/state-directory.ts'

/** Holds a state directory, says so, and waits to be killed. */
const [, , directory = ''] = process.argv
const lock = lockStateDirectory(directory)
console.log('held')
setInterval(() => lock, 1_000)
