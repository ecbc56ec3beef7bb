import { createHmac, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { type Links, openLinks } from './links.ts'

export interface SiteOptions {
  readonly links: Links
  /** Signs cookies. */
  readonly secret: string
  /** In place of the company's own login: password of each customer id. */
  readonly passwords: ReadonlyMap<string, string>
  /** LINE's account link dialog. */
  readonly dialog?: string
  readonly port?: number
  /** The site is behind https, as it must be but on one's own machine. */
  readonly secure?: boolean
  readonly now: () => number
}

const LINE_DIALOG = 'https://access.line.me/dialog/bot/accountLink'

/** The part of a company's site that links accounts. Three pages:
 *
 *  `/?t=TOKEN`           where the notification's button leads; keeps the token with the browser
 *  `/link?linkToken=…`   where the bot's message leads a friend: log in, and go on to LINE's dialog
 *  `/unlink`             undoes it */
export const startSite = async (options: SiteOptions): Promise<{ readonly url: string; stop(): Promise<void> }> => {
  const server = createServer((request, response) => {
    serve(options, request, response).catch((error: Error) => {
      console.error(error.message)
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

const serve = async (options: SiteOptions, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const url = new URL(request.url ?? '/', 'http://site')
  switch (`${request.method} ${url.pathname}`) {
    case 'GET /':
      return welcome(options, url.searchParams.get('t'), response)
    case 'GET /link':
      return show(response, 200, loginForm('link', url.searchParams.get('linkToken') ?? ''))
    case 'GET /unlink':
      return show(response, 200, loginForm('unlink', ''))
    case 'POST /link':
      return link(options, await formOf(request), tokenIn(request, options.secret), response)
    case 'POST /unlink':
      return unlink(options, await formOf(request), response)
    default:
      return show(response, 404, 'There is no such page.')
  }
}

/** The token says which notification was opened, not who opened it: nobody is logged in by it, and nothing of the customer is shown. */
const welcome = ({ secret, secure }: SiteOptions, token: string | null, response: ServerResponse): void => {
  if (token === null || !/^[A-Za-z0-9_-]{48}$/.test(token)) {
    return show(response, 200, 'Add us as a friend on LINE, and we send you a link to connect your account.')
  }
  const cookie = `from=${token}.${signed(token, secret)}; HttpOnly; SameSite=Lax; Path=/; Max-Age=604800${secure ? '; Secure' : ''}`
  // Away from the address with the token, so that it is in no referrer and no bookmark.
  response.writeHead(303, { ...HEADERS, location: '/', 'set-cookie': cookie }).end()
}

const link = (
  { links, passwords, now, dialog = LINE_DIALOG }: SiteOptions,
  form: URLSearchParams,
  token: string | null,
  response: ServerResponse,
): void => {
  const customerId = logIn(passwords, form)
  const linkToken = form.get('linkToken') ?? ''
  if (customerId === null) return show(response, 403, 'Customer number and password do not fit.')
  if (linkToken === '') return show(response, 400, 'Open the link that we sent you on LINE once more.')
  // Bound before the browser leaves: LINE's webhook may be quicker than this answer.
  const nonce = links.bind(customerId, token, now())
  const location = new URL(dialog)
  location.searchParams.set('linkToken', linkToken)
  location.searchParams.set('nonce', nonce)
  response.writeHead(302, { ...HEADERS, location: location.href }).end()
}

const unlink = ({ links, passwords }: SiteOptions, form: URLSearchParams, response: ServerResponse): void => {
  const customerId = logIn(passwords, form)
  if (customerId === null) return show(response, 403, 'Customer number and password do not fit.')
  links.unlink(customerId)
  show(response, 200, 'Your account is no longer connected with LINE.')
}

/** The customer who has proven to be that one. */
const logIn = (passwords: ReadonlyMap<string, string>, form: URLSearchParams): string | null => {
  const customerId = form.get('customer') ?? ''
  const password = passwords.get(customerId)
  return password !== undefined && equal(password, form.get('password') ?? '') ? customerId : null
}

/** Null for a cookie that is not ours. */
const tokenIn = ({ headers }: IncomingMessage, secret: string): string | null => {
  const [, token = '', signature = ''] = /(?:^|;\s*)from=([A-Za-z0-9_-]{48})\.([A-Za-z0-9_-]+)/.exec(headers.cookie ?? '') ?? []
  return equal(signature, signed(token, secret)) ? token : null
}

const signed = (token: string, secret: string): string => createHmac('sha256', secret).update(token).digest('base64url')

const equal = (a: string, b: string): boolean => {
  const [digestA, digestB] = [a, b].map((each) => createHmac('sha256', 'equal').update(each).digest())
  return digestA !== undefined && digestB !== undefined && timingSafeEqual(digestA, digestB)
}

const formOf = async (request: IncomingMessage): Promise<URLSearchParams> => new URLSearchParams(await text(request))

/** Whoever links must be told that it can be undone, and how: LINE wants it. */
const loginForm = (action: 'link' | 'unlink', linkToken: string): string => `<form method="post" action="/${action}">
<input type="hidden" name="linkToken" value="${linkToken.replaceAll(/[^A-Za-z0-9._~-]/g, '')}">
<label>Customer number <input name="customer"></label> <label>Password <input name="password" type="password"></label>
<button>${action === 'link' ? 'Log in and connect with LINE' : 'Disconnect from LINE'}</button></form>
<p>${action === 'link' ? 'You can undo this at any time: <a href="/unlink">disconnect</a>.' : ''}</p>`

const HEADERS = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }

const show = (response: ServerResponse, status: number, body: string): void => {
  const headers = { ...HEADERS, 'content-type': 'text/html; charset=utf-8', 'content-security-policy': "frame-ancestors 'none'" }
  response.writeHead(status, headers).end(`<!doctype html><title>Example</title>\n${body}\n`)
}

const USAGE = `npx node examples/account-link/site.ts FILE [--port 3000] [--dialog URL] [--secure]   until Ctrl-C

FILE remembers who is linked; friends.ts, with the same FILE, completes what is begun here. SITE_SECRET signs cookies. There is
one customer, C-20731, with the password "example". --dialog is another account link dialog than LINE's; --secure is for a site behind https.
`

const main = async (): Promise<void> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: 'string', default: '3000' },
      dialog: { type: 'string', default: LINE_DIALOG },
      secure: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const [file] = positionals
  if (values.help || file === undefined) return void process.stdout.write(USAGE)
  const { SITE_SECRET } = process.env
  if (!SITE_SECRET) throw new Error('set SITE_SECRET, to something that nobody can guess')
  const links = openLinks(file)
  const passwords = new Map([['C-20731', 'example']])
  const { dialog, secure } = values
  const site = await startSite({
    links,
    passwords,
    dialog,
    secure,
    secret: SITE_SECRET,
    port: Number(values.port),
    now: Date.now,
  })
  console.error(`${site.url}; Ctrl-C ends it`)
  process.once('SIGINT', () => void site.stop().then(links.close))
}

if (import.meta.main)
  await main().catch((error: Error) => {
    console.error(error.message)
    process.exitCode = 1
  })
