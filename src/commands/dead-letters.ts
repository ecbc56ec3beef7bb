import { Command } from 'commander'

/** `tsuchi dead-letters`. */
export const deadLettersCommand = (): Command => new Command('dead-letters')
