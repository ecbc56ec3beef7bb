import { Command } from 'commander'

/** `tsuchi trace`. */
export const traceCommand = (): Command => new Command('trace')
