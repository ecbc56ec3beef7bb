import { createServer } from 'node:http'
import { networkInterfaces } from 'node:os'
import { expect, onTestFinished, test } from 'vitest'
import { listen } from '../../src/http-listening.ts'

const open = async (host: string, section: 'http' | 'webhook' = 'http', port = 0) => {
  const server = createServer((_, response) => response.end('here'))
  onTestFinished(() => void server.close())
  return listen(server, { host, port, section })
}

/** Not every machine has IPv6. */
const addresses = Object.values(networkInterfaces()).flatMap((each) => each?.map(({ address }) => address) ?? [])
const isHere = (host: string): boolean => !host.includes(':') || addresses.includes('::1')

test.each(
  (
    [
      ['127.0.0.1', /^http:\/\/127\.0\.0\.1:\d+$/],
      ['localhost', /^http:\/\/localhost:\d+$/],
      ['0.0.0.0', /^http:\/\/127\.0\.0\.1:\d+$/],
      ['::', /^http:\/\/127\.0\.0\.1:\d+$/],
      ['::1', /^http:\/\/\[::1\]:\d+$/],
    ] as const
  ).filter(([host]) => isHere(host)),
)('what listens on %s can be reached by the URL that is said', async (host, url) => {
  const said = await open(host)
  expect(said).toMatch(url)
  expect(await (await fetch(said)).text()).toBe('here')
})

test.each(['127.0.0.1', '::1'].filter(isHere))('a port of %s that cannot be had is said with the setting', async (host) => {
  const { port, host: authority } = new URL(await open(host))
  await expect(open(host, 'webhook', Number(port))).rejects.toThrow(
    `cannot listen on ${authority} (EADDRINUSE): set webhook.host and webhook.port to something free, or port to 0 for any`,
  )
})
