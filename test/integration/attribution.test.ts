import { join } from 'node:path'
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { learnFriends, linkUrlFor } from '../../examples/account-link/friends.ts'
import { type Links, openLinks } from '../../examples/account-link/links.ts'
import { startSite } from '../../examples/account-link/site.ts'
import type { ResultsSource } from '../../examples/consumers/read-results.ts'
import { phoneOf } from '../../src/line-simulator/people.ts'
import { reservationReminder } from './events.ts'
import { type Installation, installRunning, LINE_CHANNEL } from './installation.ts'
import { PATIENCE_MS } from './patience.ts'
import { openTopicReader } from './topic-records.ts'

const PASSWORD = 'sakura'
const DIALOG = 'https://line.example.jp/dialog'
const opened = new AsyncDisposableStack()
afterAll(() => opened.disposeAsync())

let at: Installation
let links: Links
let site: string
/** What is in the topics, in order: there is one partition. What LINE sent again is left out, as whoever reads does. */
const attributions: { readonly [field: string]: unknown }[] = []
const friendEvents: { readonly [field: string]: unknown }[] = []
/** Of every friend, where the bot has sent them. */
const invited = new Map<string, string>()
/** What the example says of links. */
const said: string[] = []

beforeAll(async () => {
  const button = { buttonKey: 'check_details_ja', url: '{{ changeUrl }}?t={{ tsuchi.linkToken }}' }
  at = await installRunning({
    webhook: true,
    partitions: 1,
    routes: { 'ride-reminder': { message: { template: { buttons: [button] } } } },
  })
  opened.defer(at.close)
  links = openLinks(join(at.directory, 'links.sqlite'))
  opened.defer(links.close)
  const passwords = new Map(['C-1', 'C-2', 'C-3'].map((id) => [id, PASSWORD]))
  const started = await startSite({ links, passwords, dialog: DIALOG, secret: 's3cret', now: Date.now })
  opened.defer(started.stop)
  site = started.url

  const answer = await fetch(`${at.simulator.url}/oauth2/v3/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: LINE_CHANNEL,
      client_secret: at.env.LINE_CHANNEL_SECRET ?? '',
    }),
  })
  const { access_token: accessToken } = (await answer.json()) as { readonly access_token: string }
  const source = (topic: string): ResultsSource => ({
    brokers: at.config.kafka.brokers,
    registryUrl: at.config.registry.url,
    topic,
    group: `${topic}-site`,
  })
  const learning = await learnFriends(
    links,
    { friendEvents: source(at.topics.friendEvents), attributions: source(at.topics.attributions) },
    {
      isRecent: () => true,
      tell: (line) => said.push(line),
      invite: async (userId) => {
        invited.set(userId, await linkUrlFor(userId, { api: at.simulator.url, accessToken, site }))
      },
    },
  )
  opened.defer(learning.stop)

  const registry = new SchemaRegistry({ host: at.config.registry.url })
  let decoded: Promise<unknown> = Promise.resolve()
  const reader = await openTopicReader({
    kafka: at.kafka,
    topics: [at.topics.attributions, at.topics.friendEvents],
    isolation: 'committed',
    onRecord: ({ topic, key, value }) => {
      if (!value) throw new Error('a record without value')
      const kept = topic === at.topics.attributions ? attributions : friendEvents
      decoded = decoded
        .then(() => registry.decode(value))
        .then(
          (record) =>
            kept.some(({ webhookEventId }) => webhookEventId === record.webhookEventId) ||
            kept.push({ key: key?.toString(), ...record }),
          (error: Error) => kept.push({ error: error.message }),
        )
    },
  })
  opened.defer(reader.close)
})

test('who comes by the button of a notification, becomes a friend, logs in and links, is attributed to that notification', async () => {
  const ride = await told('C-1', 1)
  const person = await open(ride.url)
  const userId = await befriend(1)
  const { linkToken, nonce } = await logIn(person, userId, 'C-1')
  expect(nonce.startsWith(ride.token)).toBe(true)
  expect(nonce.length).toBeGreaterThanOrEqual(48 + 22)
  await comeBack({ linkToken, nonce })

  await vi.waitFor(() => expect(links.userOf('C-1')).toBe(userId), WAIT)
  await vi.waitFor(() => expect(links.ledBy()).toEqual([{ customerId: 'C-1', userId, route: 'ride-reminder' }]), WAIT)
  const { notificationId, recipientRef } = ride
  const about = { userId, customerId: 'C-1', recipientRef, route: 'ride-reminder', purpose: 'reminder', channel: 'main' }
  await vi.waitFor(() => expect(attributions).toMatchObject([{ key: notificationId, notificationId, ...about }]), WAIT)
  const [attribution] = attributions
  const linked = {
    kind: 'account_link',
    userId,
    linked: true,
    nonce,
    notificationId,
    webhookEventId: attribution?.webhookEventId,
  }
  const followed = { kind: 'follow', userId, nonce: null, notificationId: null }
  await vi.waitFor(() => expect(friendEvents).toMatchObject([followed, linked]), WAIT)
  expect(said.toSorted()).toEqual([
    'a notification of ride-reminder to customer C-1 led somebody to link',
    'customer C-1 is linked',
  ])
})

test('a second who comes by the same button is linked, and not attributed; a link that fails is a friend event, and nothing else', async () => {
  const before = attributions.length
  const [shared, failing] = [await told('C-1', 2), await told('C-2', 3)]
  const [first, second] = [await open(shared.url), await open(shared.url)]
  const [user1, user2] = [await befriend(2), await befriend(4)]
  await comeBack(await logIn(first, user1, 'C-1'))
  await vi.waitFor(() => expect(links.userOf('C-1')).toBe(user1), WAIT)
  await comeBack(await logIn(second, user2, 'C-3'))
  await vi.waitFor(() => expect(links.userOf('C-3')).toBe(user2), WAIT)

  const user3 = await befriend(3)
  const failed = await logIn(await open(failing.url), user3, 'C-2')
  await comeBack({ ...failed, result: 'failed' })
  await vi.waitFor(
    () =>
      expect(friendEvents.filter(({ nonce }) => nonce === failed.nonce)).toMatchObject([
        { linked: false, userId: null, notificationId: failing.notificationId },
      ]),
    WAIT,
  )
  expect(links.userOf('C-2')).toBeNull()

  // Behind them all in the one partition of feedback: when it is attributed, the others would have been.
  await befriend(3)
  await comeBack(await logIn(await open(failing.url), user3, 'C-2'))
  await vi.waitFor(() => expect(attributions.length).toBeGreaterThan(before + 1), WAIT)
  expect(attributions.slice(before)).toMatchObject([
    { notificationId: shared.notificationId, userId: user1 },
    { notificationId: failing.notificationId, userId: user3 },
  ])
})

test('who logs in as another than the one it was for is linked as that one, and the notification is not what led there', async () => {
  const ride = await told('C-2', 5)
  const ledBefore = links.ledBy()
  const userId = await befriend(6)
  await comeBack(await logIn(await open(ride.url), userId, 'C-3'))
  await vi.waitFor(
    () => expect(attributions.at(-1)).toMatchObject({ notificationId: ride.notificationId, customerId: 'C-2', userId }),
    WAIT,
  )
  await vi.waitFor(() => expect(links.userOf('C-3')).toBe(userId), WAIT)
  expect(links.ledBy()).toEqual(ledBefore)
})

test('a stranger who knows the token can link their account to nobody', async () => {
  const ride = await told('C-1', 7)
  const userId = await befriend(8)
  const [before, ledBefore] = [links.userOf('C-1'), links.ledBy()]
  await comeBack({ linkToken: linkTokenFor(userId), nonce: ride.token })
  await vi.waitFor(() => expect(attributions.at(-1)).toMatchObject({ notificationId: ride.notificationId, userId }), WAIT)
  const after = await befriend(9) // the site has read so far
  expect(after).not.toBe(userId)
  expect(links.userOf('C-1')).toBe(before)
  expect(links.ledBy()).toEqual(ledBefore)
})

const WAIT = { timeout: PATIENCE_MS, interval: 20 }

/** Sends the customer a notification, and reads from LINE's log what its button opens. */
const told = async (customerId: string, person: number) => {
  const phone = phoneOf('reachable', person)
  const [place] = await at.produce('ride-reminder', reservationReminder({ id: customerId, phone }, { changeUrl: `${site}/` }))
  if (!place) throw new Error('nothing was produced')
  const { notificationId, recipientRef } = await vi.waitUntil(
    () => at.results.about(place).find(({ status }) => status === 'delivered'),
    WAIT,
  )
  const url = /"url":"([^"]+)"/.exec(at.sends(phone).at(-1)?.body ?? '')?.[1] ?? 'no url'
  return { notificationId, recipientRef, url, token: new URL(url).searchParams.get('t') ?? 'no token' }
}

/** A browser, by its cookie. */
const open = async (url: string): Promise<{ readonly cookie: string }> => {
  const answer = await fetch(url, { redirect: 'manual' })
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/'])
  const [cookie = ''] = answer.headers.getSetCookie()
  expect(cookie).toMatch(/^from=[^;]+; HttpOnly; SameSite=Lax; Path=\/; Max-Age=\d+$/)
  return { cookie: cookie.split(';')[0] ?? '' }
}

/** Adds the account; resolves when the bot has answered. */
const befriend = async (person: number): Promise<string> => {
  const { userId } = await simulate('friends/follow', { phone: phoneOf('reachable', person), channel: LINE_CHANNEL })
  await vi.waitUntil(() => invited.has(userId), WAIT)
  return userId
}

const linkTokenFor = (userId: string): string => {
  const token = new URL(invited.get(userId) ?? '').searchParams.get('linkToken')
  invited.delete(userId) // works once
  return token ?? 'none'
}

/** Opens what the bot has sent, and logs in. What the site then sends LINE. */
const logIn = async ({ cookie }: { readonly cookie: string }, userId: string, customer: string) => {
  const page = await fetch(invited.get(userId) ?? '', { headers: { cookie } }).then((answer) => answer.text())
  const linkToken = /name="linkToken" value="([^"]+)"/.exec(page)?.[1] ?? 'none'
  expect(linkToken).toBe(linkTokenFor(userId))
  const answer = await fetch(`${site}/link`, {
    method: 'POST',
    headers: { cookie },
    body: new URLSearchParams({ customer, password: PASSWORD, linkToken }),
    redirect: 'manual',
  })
  const dialog = new URL(answer.headers.get('location') ?? '')
  expect([answer.status, `${dialog.origin}${dialog.pathname}`]).toEqual([302, DIALOG])
  return { linkToken: dialog.searchParams.get('linkToken') ?? '', nonce: dialog.searchParams.get('nonce') ?? '' }
}

/** The person has seen LINE's dialog. */
const comeBack = async (facts: { linkToken: string; nonce: string; result?: 'failed' }): Promise<void> => {
  await simulate('friends/account-link', facts)
}

const simulate = async (path: string, body: object): Promise<{ readonly userId: string }> => {
  const answer = await fetch(`${at.simulator.url}/_simulator/${path}`, { method: 'POST', body: JSON.stringify(body) })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`)
  return JSON.parse(text)
}
