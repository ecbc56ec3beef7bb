#!/usr/bin/env node
import { enableCompileCache } from 'node:module'

// What was compiled is kept where the machine has its temporary files, so that a command starts in half the time. Where nothing can be kept,
// it is compiled each time.
enableCompileCache()
await import('./command-line.ts')
