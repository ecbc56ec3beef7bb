import { z } from 'zod'
import { DemoFault } from './fault.ts'

const request = z.object({
  endpoint: z.string(),
  to: z.string().nullable(),
  came: z.string(),
  requestId: z.string(),
  body: z.unknown(),
})
const webhook = z.object({
  outcome: z.string(),
  events: z.array(z.object({ type: z.string(), data: z.string().optional() })),
})
const deliveries = z.object({ delivered: z.number() })

/** What LINE has seen and done, by its own logs. */
export interface LineLog {
  /** To send a message: for tokens and the like there are more. */
  readonly requests: number
  /** People who got the same message more than once. */
  readonly twice: number
  readonly requestIds: ReadonlySet<string>
  /** Messages shown to somebody: what LINE charges. */
  readonly delivered: number
  /** Delivery tags of those that the webhook was told of, and took. */
  readonly told: ReadonlySet<string>
}

export const readLineLog = async (simulatorUrl: string, signal: AbortSignal): Promise<LineLog> => {
  const read = async (path: string): Promise<string> => {
    const answer = await fetch(`${simulatorUrl}/_simulator/${path}`, { signal })
    if (!answer.ok) throw new DemoFault(`the simulator's ${path} cannot be read (${answer.status})`)
    return answer.text()
  }
  const requests = linesOf(await read('log?limit=100000'), request).filter(({ endpoint }) => MESSAGES.has(endpoint))
  const shown = requests.filter(({ came }) => came !== 'nothing')
  const byMessage = Map.groupBy(shown, ({ to, body }) => JSON.stringify([to, body]))
  const taken = linesOf(await read('webhooks/log?limit=100000'), webhook).filter(({ outcome }) => outcome === 'answered')
  const events = taken.flatMap((each) => each.events).filter(({ type }) => type === 'delivery')
  return {
    requests: requests.length,
    twice: [...byMessage.values()].filter((each) => each.length > 1).length,
    requestIds: new Set(requests.map(({ requestId }) => requestId)),
    delivered: deliveries.parse(JSON.parse(await read('deliveries'))).delivered,
    told: new Set(events.flatMap(({ data }) => data ?? [])),
  }
}

const MESSAGES = new Set(['template', 'flexible'])

const linesOf = <T>(text: string, schema: z.ZodType<T>): T[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => schema.parse(JSON.parse(line)))
