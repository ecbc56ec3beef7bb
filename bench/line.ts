import type { DeliveriesReport } from '../src/line-simulator/deliveries.ts'
import type { Fault } from '../src/line-simulator/fault.ts'
import type { WebhookStats } from '../src/line-simulator/postman.ts'
import type { LogEntry } from '../src/line-simulator/request-log.ts'
import type { StatsReport } from '../src/line-simulator/stats.ts'
import type { WebhookAddress } from './webhook-address.ts'

/** What the LINE simulator saw, by its own log and statistics: the product is not asked. */
export interface Line {
  readonly url: string
  stats(): Promise<StatsReport>
  /** Requests to send, with a higher sequence than `after`, and the last sequence looked at. */
  sends(after: number, limit: number): Promise<{ readonly sends: readonly Send[]; readonly last: number }>
  forget(): Promise<void>
  setFault(fault: { readonly kind: Fault['kind']; readonly endpoint: 'flexible' }): Promise<void>
  endFaults(): Promise<void>
  /** Its events go there from now on, and again if they are not taken. */
  setWebhook(address: WebhookAddress): Promise<void>
  /** What became of what it accepted. */
  deliveries(): Promise<DeliveriesReport>
  /** What became of the requests with its events. */
  webhookStats(): Promise<WebhookStats | undefined>
}

export interface Send {
  /** Wall clock, ms. */
  readonly at: number
  /** Monotonic, ms. */
  readonly monotonic: number
  readonly status: LogEntry['status']
  readonly to: string | null
  /** Of the worker's task that sent it; null: another client. */
  readonly partition: number | null
}

export const lineAt = (url: string): Line => {
  const ask = async (path: string, init?: RequestInit): Promise<Response> => {
    const answer = await fetch(`${url}/_simulator/${path}`, init)
    if (!answer.ok) throw new Error(`the simulator answers ${answer.status} to ${path}: ${await answer.text()}`)
    return answer
  }
  const told = async (path: string, init: RequestInit) => {
    await (await ask(path, init)).arrayBuffer()
  }
  const sends: Line['sends'] = async (after, limit) => {
    const text = await (await ask(`log?after=${after}&limit=${limit}`)).text()
    const entries = text
      .split('\n')
      .filter((line) => line !== '')
      .map((line): LogEntry => JSON.parse(line))
    return {
      sends: entries.filter(({ endpoint }) => endpoint === 'flexible').map(sendOf),
      last: entries.at(-1)?.sequence ?? after,
    }
  }
  return {
    url,
    stats: async () => (await (await ask('stats')).json()) as StatsReport,
    sends,
    forget: async () => {
      await told('log', { method: 'DELETE' })
      await told('stats', { method: 'DELETE' })
    },
    setFault: (fault) => told('faults', { method: 'POST', body: JSON.stringify(fault) }),
    endFaults: () => told('faults', { method: 'DELETE' }),
    setWebhook: ({ url: webhook, secret, destination }) =>
      told('webhooks', { method: 'POST', body: JSON.stringify({ url: webhook, secret, destination, redeliver: true }) }),
    deliveries: async () => (await (await ask('deliveries')).json()) as DeliveriesReport,
    webhookStats: async () => {
      const { stats } = (await (await ask('webhooks')).json()) as { stats: Readonly<Record<string, WebhookStats>> }
      return stats[CHANNEL]
    },
  }
}

/** The id of the one channel there is: see deployment.ts. */
export const CHANNEL = '1'

const sendOf = ({ receivedAt, monotonicNs, status, to, deliveryTag }: LogEntry): Send => ({
  at: receivedAt,
  monotonic: monotonicNs / 1e6,
  status,
  to,
  partition: partitionIn(deliveryTag),
})

/** A delivery tag is `t_<partition>_…`, in base 36. */
const partitionIn = (tag: string | null): number | null => {
  const [, partition] = /^t_([0-9a-z]+)_/.exec(tag ?? '') ?? []
  return partition === undefined ? null : Number.parseInt(partition, 36)
}
