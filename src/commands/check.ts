import { Command } from 'commander'
import { check } from '../check.ts'
import { loadConfig } from '../config.ts'
import { createLog, kafkaLogTo } from '../observability/log.ts'
import { createMetrics } from '../observability/metrics.ts'
import { configOption } from './config-option.ts'

/** `tsuchi check`. */
export const checkCommand = (): Command =>
  new Command('check')
    .description('look for what would keep a worker from doing what it promises; changes nothing')
    .addOption(configOption())
    .addHelpText(
      'after',
      `
Looks at the configuration, the routes with their schemas, tsuchi's own topics and the pepper they were made with, the schema of results in
the registry, the limits of every channel (one can be too small for the partitions), and the topics the routes read: what they keep must not be older than what a route remembers (dedupeWindow), or a replay
ends as dead letters. Says everything at once, and exits with 1 if there is anything.`,
    )
    .action(async (options: { config: string }) => {
      const faults = await check(loadConfig(options.config), kafkaLogTo(createLog('silent'), createMetrics()))
      for (const fault of faults) console.error(`- ${fault}`)
      console.error(faults.length === 0 ? 'nothing is wrong' : `${faults.length} fault${faults.length === 1 ? '' : 's'}`)
      if (faults.length > 0) process.exitCode = 1
    })
