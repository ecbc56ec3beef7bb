import { Agent, request } from 'node:http'
import { ulid } from '../src/line-simulator/ulid.ts'
import { type Written, writeWebhook } from '../src/line-simulator/webhook-body.ts'
import { deliveryEvent } from '../src/line-simulator/webhook-event.ts'
import { PARTITIONS } from './deployment.ts'
import { pause } from './waiting.ts'
import type { WebhookAddress } from './webhook-address.ts'

/** What LINE says: events by their numbers, from 0, each about a notification of its own. */
export interface Spoken {
  readonly tag: string
  readonly at: number
  readonly partition: number
}

/** The tags of notifications that may have been sent in this installation, and those alone. */
export const speaker =
  (incarnation: string, began: number) =>
  (n: number): Spoken => {
    const partition = n % PARTITIONS
    return { tag: `t_${partition.toString(36)}_${incarnation}_0_${n.toString(36)}`, at: began + n, partition }
  }

export interface Body {
  /** Of its first event, and how many there are. */
  readonly first: number
  readonly events: number
  readonly written: Written
}

/** Signed beforehand: what is measured is not to wait for it. */
export const bodiesOf = (
  spoken: (n: number) => Spoken,
  { destination, secret }: WebhookAddress,
  given: { readonly from: number; readonly events: number; readonly perBody: number },
): Body[] =>
  Array.from({ length: Math.ceil(given.events / given.perBody) }, (_, place) => {
    const first = given.from + place * given.perBody
    const count = Math.min(given.perBody, given.from + given.events - first)
    const events = Array.from({ length: count }, (_, n) => {
      const { tag, at } = spoken(first + n)
      return deliveryEvent({ id: ulid(at), at, mode: 'active' }, tag)
    })
    return { first, events: count, written: writeWebhook({ destination, events }, secret, {}) }
  })

export interface Answer {
  readonly body: Body
  /** A word: the connection failed. */
  readonly status: number | string
  /** Monotonic, from when the bench began. */
  readonly sentAt: number
  readonly ms: number
}

export interface Sender {
  post(body: Body): Promise<Answer>
  /** As fast as answers come, over so many connections. */
  flood(bodies: readonly Body[], connections: number): Promise<Answer[]>
  /** So many a second, however long answers take, and again, as LINE does, what was not answered with 200. */
  stream(bodies: readonly Body[], perSecond: number): Promise<Answer[]>
  close(): void
}

/** When LINE sends again what was not taken it does not tell. */
const AGAIN_AFTER_MS = [1_000, 5_000, 15_000]

export const openSender = ({ url }: Pick<WebhookAddress, 'url'>): Sender => {
  const agent = new Agent({ keepAlive: true })

  const post: Sender['post'] = (body) => {
    const { written } = body
    const sentAt = performance.now()
    return new Promise((resolve) => {
      const end = (status: Answer['status']) => resolve({ body, status, sentAt, ms: performance.now() - sentAt })
      const headers = {
        'content-type': 'application/json; charset=utf-8',
        'content-length': written.body.length,
        'user-agent': 'LineBotWebhook/2.0',
        'x-line-signature': written.signature ?? '',
      }
      request(url, { method: 'POST', agent, headers }, (response) => {
        response.resume()
        response.once('end', () => end(response.statusCode ?? 0)).once('error', () => end('cut-off'))
      })
        .once('error', (fault: NodeJS.ErrnoException) => end(fault.code ?? fault.name))
        .end(written.body)
    })
  }

  const postUntilTaken = async (body: Body): Promise<Answer[]> => {
    const answers = [await post(body)]
    for (const gap of AGAIN_AFTER_MS) {
      if (answers.at(-1)?.status === 200) break
      await pause(gap)
      answers.push(await post(body))
    }
    return answers
  }

  return {
    post,
    flood: async (bodies, connections) => {
      const next = bodies.values()
      const answers: Answer[] = []
      const lane = async () => {
        for (const body of next) answers.push(await post(body))
      }
      await Promise.all(Array.from({ length: connections }, lane))
      return answers
    },
    stream: async (bodies, perSecond) => {
      const began = performance.now()
      const posted: Promise<Answer[]>[] = []
      for (const [place, body] of bodies.entries()) {
        await pause(began + (place * 1_000) / perSecond - performance.now())
        posted.push(postUntilTaken(body))
      }
      return (await Promise.all(posted)).flat()
    },
    close: () => agent.destroy(),
  }
}
