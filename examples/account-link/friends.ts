import { parseArgs } from 'node:util'
import { type ResultsSource, readRecords } from '../consumers/read-results.ts'
import { type Attribution, type FriendEvent, type Links, openLinks } from './links.ts'

/** Completes what was begun on the site, and says of whoever has become a friend that they may be invited to link. The latter once for
 *  each time, and not at all for what is long past: `isRecent`. */
export const learnFriends = async (
  links: Links,
  topics: { readonly friendEvents: ResultsSource; readonly attributions: ResultsSource },
  {
    isRecent,
    invite,
    tell,
  }: { isRecent(occurredAt: number): boolean; invite(userId: string): Promise<void>; tell(line: string): void },
): Promise<{ stop(): Promise<void> }> => {
  const readers = await Promise.all([
    readRecords<FriendEvent>(topics.friendEvents, async (event) => {
      const linked = links.learn(event)
      if (linked !== null) tell(`customer ${linked} is linked`)
      const { kind, userId, webhookEventId, occurredAt } = event
      if (kind === 'follow' && userId !== null && isRecent(occurredAt) && links.isFirst(webhookEventId)) await invite(userId)
    }),
    readRecords<Attribution>(topics.attributions, (attribution) => {
      links.learnWhy(attribution)
      tell(`a notification of ${attribution.route} to customer ${attribution.customerId} led somebody to link`)
    }),
  ])
  return { stop: async () => void (await Promise.all(readers.map((reader) => reader.stop()))) }
}

/** Where to send the friend: a page of the site with a link token of LINE's, good once and for ten minutes. Only a bot's access token gets
 *  one, and only for a user id that a webhook has told. */
export const linkUrlFor = async (
  userId: string,
  { api, accessToken, site }: { readonly api: string; readonly accessToken: string; readonly site: string },
): Promise<string> => {
  const headers = { authorization: `Bearer ${accessToken}` }
  const response = await fetch(`${api}/v2/bot/user/${userId}/linkToken`, { method: 'POST', headers })
  if (!response.ok) throw new Error(`no link token: ${response.status}`)
  const { linkToken } = (await response.json()) as { readonly linkToken: string }
  return `${site}/link?linkToken=${encodeURIComponent(linkToken)}`
}

const USAGE = `npx node examples/account-link/friends.ts FILE   links accounts in FILE as friend events tell of them, until Ctrl-C

KAFKA_BROKERS and SCHEMA_REGISTRY_URL say where they are, TOPICS_PREFIX what the topics' names begin with (tsuchi). LINE_ACCESS_TOKEN, if
set, gets every new friend a link token; LINE_API and SITE say from where, and for which site.
`

const AN_HOUR_MS = 60 * 60_000

const main = async (): Promise<void> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', default: false } },
  })
  const [file] = positionals
  if (values.help || file === undefined) return void process.stdout.write(USAGE)
  const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL, TOPICS_PREFIX = 'tsuchi' } = process.env
  if (!KAFKA_BROKERS || !SCHEMA_REGISTRY_URL) throw new Error('set KAFKA_BROKERS and SCHEMA_REGISTRY_URL')
  const {
    LINE_ACCESS_TOKEN: accessToken,
    LINE_API: api = 'https://api.line.me',
    SITE: site = 'http://127.0.0.1:3000',
  } = process.env
  const source = (topic: string): ResultsSource => ({
    brokers: KAFKA_BROKERS.split(','),
    registryUrl: SCHEMA_REGISTRY_URL,
    topic: `${TOPICS_PREFIX}.${topic}`,
    group: `account-link-${topic}`,
  })
  const links = openLinks(file)
  const topics = { friendEvents: source('friend-events'), attributions: source('attributions') }
  const reader = await learnFriends(links, topics, {
    isRecent: (occurredAt) => Date.now() - occurredAt < AN_HOUR_MS,
    tell: console.log,
    // In place of a message by the bot: its text is yours.
    invite: async (userId) => {
      if (!accessToken) return console.log(`${userId} is a friend`)
      console.log(`to ${userId}: ${await linkUrlFor(userId, { api, accessToken, site })}`)
    },
  })
  console.error(`reads ${topics.friendEvents.topic} and ${topics.attributions.topic}; Ctrl-C ends it`)
  process.once('SIGINT', () => void reader.stop().then(links.close))
}

if (import.meta.main)
  await main().catch((error: Error) => {
    console.error(error.message)
    process.exitCode = 1
  })
