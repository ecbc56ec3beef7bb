import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type FriendEvent, openLinks } from '../../examples/account-link/links.ts'
import { startSite } from '../../examples/account-link/site.ts'
import { folderOf } from './route-folder.ts'

const TOKEN = 'Z--d43weWg2UsvaDPiHAt6nUWG-Af1Natm62-jZ0x0c6OhPa'
const NOON = Date.UTC(2026, 7, 25, 3)
const USER = `U${'1'.repeat(32)}`

const open = async () => {
  const links = openLinks(join(folderOf({}), 'links.sqlite'))
  const passwords = new Map([
    ['C-1', 'one'],
    ['C-2', 'two'],
  ])
  const site = await startSite({ links, passwords, secret: 's3cret', now: () => NOON })
  onTestFinished(async () => {
    await site.stop()
    links.close()
  })
  return { links, url: site.url }
}

const logIn = (url: string, form: Record<string, string>, cookie = '') =>
  fetch(`${url}/link`, { method: 'POST', headers: { cookie }, body: new URLSearchParams(form), redirect: 'manual' })

const nonceOf = (answer: Response): string => new URL(answer.headers.get('location') ?? '').searchParams.get('nonce') ?? ''

const linked = (nonce: string, changes: Partial<FriendEvent> = {}): FriendEvent => ({
  webhookEventId: 'e1',
  kind: 'account_link',
  userId: USER,
  occurredAt: NOON + 60_000,
  linked: true,
  nonce,
  ...changes,
})

test('the token alone logs nobody in: without the password there is no nonce, and no page says whose notification it was', async () => {
  const { url } = await open()
  const arrival = await fetch(`${url}/?t=${TOKEN}`)
  expect(await arrival.text()).not.toContain(TOKEN)
  for (const password of ['', 'two'])
    expect(await logIn(url, { customer: 'C-1', password, linkToken: 'x' })).toMatchObject({ status: 403 })
})

test('every login has a nonce of its own, which begins with the token only where the cookie is ours', async () => {
  const { url } = await open()
  const answer = await fetch(`${url}/?t=${TOKEN}`, { redirect: 'manual' })
  const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const form = { customer: 'C-1', password: 'one', linkToken: 'x' }
  const own = [nonceOf(await logIn(url, form, cookie)), nonceOf(await logIn(url, form, cookie))]
  expect(own.map((nonce) => [nonce.slice(0, 48), nonce.length])).toEqual([
    [TOKEN, 80],
    [TOKEN, 80],
  ])
  expect(own[0]).not.toBe(own[1])
  const forged = cookie.replace(TOKEN, `${TOKEN.slice(0, -1)}b`)
  for (const other of ['', forged, `from=${TOKEN}.x`, `from=${TOKEN}`])
    expect(nonceOf(await logIn(url, form, other))).toMatch(/^[A-Za-z0-9_-]{32}$/)
})

test('a nonce links once, to the customer it was made for, and not when it is old', async () => {
  const { links } = await open()
  const [first, old] = [links.bind('C-1', TOKEN, NOON), links.bind('C-2', null, NOON)]
  links.learn(linked(`${TOKEN}guessed`))
  links.learn(linked(TOKEN))
  links.learn(linked(first, { linked: false, userId: null }))
  links.learn(linked(old, { occurredAt: NOON + 60 * 60_000 }))
  expect([links.userOf('C-1'), links.userOf('C-2')]).toEqual([null, null])
  links.learn(linked(first))
  expect(links.userOf('C-1')).toBe(USER)

  links.unlink('C-1')
  links.learn(linked(first)) // read again
  links.learn(linked(first, { webhookEventId: 'e2', userId: `U${'2'.repeat(32)}` }))
  expect(links.userOf('C-1')).toBeNull()
})

test('an attribution counts for the customer whose nonce it was, whichever of the two records comes first', async () => {
  const { links } = await open()
  const why = (webhookEventId: string, customerId: string, notificationId: string) =>
    links.learnWhy({ notificationId, userId: USER, customerId, route: 'payment-due', webhookEventId })
  why('e1', 'C-1', 'n1')
  expect(links.ledBy()).toEqual([])
  links.learn(linked(links.bind('C-1', TOKEN, NOON)))
  expect(links.ledBy()).toEqual([{ customerId: 'C-1', userId: USER, route: 'payment-due' }])
  links.learn(linked(links.bind('C-2', TOKEN, NOON), { webhookEventId: 'e2' }))
  why('e2', 'C-1', 'n2')
  why('e3', 'C-2', 'n3')
  expect(links.ledBy()).toHaveLength(1)
})

test('what a form brings cannot be more than a link token, and an unlinked customer is no longer joined', async () => {
  const { links, url } = await open()
  const page = await fetch(`${url}/link?linkToken=${encodeURIComponent('a"><script>b')}`)
  expect(await page.text()).toContain('value="ascriptb"')
  links.learn(linked(links.bind('C-1', null, NOON)))
  await fetch(`${url}/unlink`, { method: 'POST', body: new URLSearchParams({ customer: 'C-1', password: 'one' }) })
  expect(links.userOf('C-1')).toBeNull()
})
