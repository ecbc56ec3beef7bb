import { Command } from 'commander'

/** `tsuchi preview`. */
export const previewCommand = (): Command => new Command('preview')
