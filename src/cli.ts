#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// What was compiled is kept, so that a command starts in half the time. Where nothing can be kept, it is compiled each time.
const { XDG_CACHE_HOME, HOME } = process.env
const cache = XDG_CACHE_HOME || (HOME && join(HOME, '.cache'))
if (cache) enableCompileCache(join(cache, 'tsuchi', 'compiled'))

await import('./command-line.ts')
