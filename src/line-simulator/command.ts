import { Command, InvalidArgumentError } from 'commander'
import { readCatalogueFile } from '../providers/line/catalogue.ts'
import type { ChannelCredentials, LongLivedToken } from './options.ts'
import { startSimulator } from './simulator.ts'

interface Options {
  readonly host: string
  readonly port: number
  readonly latency: number
  readonly rateLimit: number
  readonly rateBurst?: number
  readonly channel?: readonly ChannelCredentials[]
  readonly token?: readonly LongLivedToken[]
  readonly tokenLife: number
  readonly catalogue?: string
  readonly logEntries: number
  readonly logBodies: boolean
}

/** `tsuchi line-simulator`. */
export const simulatorCommand = (): Command =>
  new Command('line-simulator')
    .description('a stand-in for LINE, for development and load tests: LINE forbids those, and has no test environment')
    .option('--host <host>', 'address to listen on; its admin API has no password', '127.0.0.1')
    .option('--port <port>', 'port; 0 for any free one', number, 9090)
    .option('--latency <ms>', 'how long every answer takes at least', number, 0)
    .option('--rate-limit <n>', 'requests per second, for each channel and endpoint', number, 2_000)
    .option('--rate-burst <n>', 'what a full bucket holds (default: a tenth of the limit)', number)
    .option('--channel <id:secret>', 'a channel that gets tokens; may be repeated (default: whoever asks)', credentials)
    .option('--token <token:id>', 'a long-lived token, and the channel it is of; may be repeated', longLived)
    .option('--token-life <s>', 'life of the tokens it issues, seconds', number, 900)
    .option('--catalogue <file>', 'template, item and button keys that exist (default: those known from public documents)')
    .option('--log-entries <n>', 'newest requests it remembers', number, 100_000)
    .option('--no-log-bodies', 'remember no bodies: for long load tests')
    .addHelpText(
      'after',
      `
Prints its URL, and works until Ctrl-C. Give the URL to a channel as baseUrl; its token endpoint is below it, where LINE has it.
GET /_simulator lists what it can be asked: its log, statistics, faults on demand, and which phone numbers are whose.
  curl localhost:9090/_simulator/faults -d '{"kind":"hang","count":3}'`,
    )
    .action(async (options: Options) => {
      const simulator = await startSimulator({
        host: options.host,
        port: options.port,
        latencyMs: options.latency,
        rateLimit: options.rateLimit,
        rateBurst: options.rateBurst,
        channels: options.channel,
        longLivedTokens: options.token,
        tokenLifeSeconds: options.tokenLife,
        catalogue: options.catalogue === undefined ? undefined : readCatalogueFile(options.catalogue),
        maxLogEntries: options.logEntries,
        logBodies: options.logBodies,
      })
      console.log(simulator.url)
      const stop = () => {
        simulator.stop().then(
          () => process.exit(0),
          () => process.exit(1),
        )
      }
      process.on('SIGINT', stop)
      process.on('SIGTERM', stop)
    })

const number = (text: string): number => {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Write a number.')
  return value
}

const credentials = (text: string, before: readonly ChannelCredentials[] = []): ChannelCredentials[] => {
  const [clientId, clientSecret] = pair(text, 'id:secret')
  return [...before, { clientId, clientSecret }]
}

const longLived = (text: string, before: readonly LongLivedToken[] = []): LongLivedToken[] => {
  const [token, clientId] = pair(text, 'token:id')
  return [...before, { token, clientId }]
}

const pair = (text: string, shape: string): [string, string] => {
  const at = text.lastIndexOf(':')
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError(`Write ${shape}.`)
  return [text.slice(0, at), text.slice(at + 1)]
}
