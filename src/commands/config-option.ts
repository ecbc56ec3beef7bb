import { Option } from 'commander'

/** Every command that reads the configuration finds it the same way. */
export const configOption = () =>
  new Option('-c, --config <file>', 'the configuration').default('tsuchi.yaml').env('TSUCHI_CONFIG')
