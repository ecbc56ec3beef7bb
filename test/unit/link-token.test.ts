import { expect, test } from 'vitest'
import { linkTokenKey, linkTokenOf, readLinkToken } from '../../src/domain/link-token.ts'
import { partitionOf } from '../../src/domain/partition.ts'

const KEY = linkTokenKey(Buffer.alloc(32, 7))
const ID = '0123456789abcdef0123456789abcdef'

test.each([1, 12, 1_000])('a token names the notification, and its partition among %i', (partitions) => {
  const token = linkTokenOf('some person', ID, KEY)
  expect(readLinkToken(token, KEY, partitions)).toEqual({
    partition: partitionOf('some person', partitions),
    notificationId: ID,
  })
})

test('a token is as LINE wants a nonce, and as a URL takes it', () => {
  expect(linkTokenOf('some person', ID, KEY)).toMatch(/^[A-Za-z0-9_-]{48}$/)
})

test('a token with any bit changed, or of another installation, is none', () => {
  const bytes = Buffer.from(linkTokenOf('some person', ID, KEY), 'base64url')
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes)
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    expect(readLinkToken(changed.toString('base64url'), KEY, 12)).toBeUndefined()
  }
  expect(readLinkToken(bytes.toString('base64url'), linkTokenKey(Buffer.alloc(32, 8)), 12)).toBeUndefined()
})

test('a nonce that begins with a token names the same, whatever the site adds', () => {
  const token = linkTokenOf('some person', ID, KEY)
  for (const rest of ['', 'x', 'Wm9vbQ==', '受け取りました'])
    expect(readLinkToken(token + rest, KEY, 12)?.notificationId).toBe(ID)
})

test.each(['', 'a'.repeat(47), 'a'.repeat(49), `${'a'.repeat(47)}=`, '受け取りました'.repeat(6)])('%j is no token', (text) => {
  expect(readLinkToken(text, KEY, 12)).toBeUndefined()
})
