import type { FaultSpec } from '../../src/line-simulator/fault.ts'
import type { WebhookFaultSpec } from '../../src/line-simulator/webhook-fault.ts'

/** Faults of the simulator, each for a time. It knows no end of a single one, so when one ends, all do, and the others begin again. */
export interface LineFaults {
  /** Sets it; what is returned ends it, and tells how many requests it has met. */
  setFault(fault: FaultSpec): Promise<() => Promise<number>>
  setWebhookFault(fault: WebhookFaultSpec): Promise<() => Promise<number>>
  endAll(): Promise<void>
}

interface ListedFaults {
  readonly faults: readonly { readonly id: number; readonly happened: number }[]
}

export const lineFaultsAt = (url: string): LineFaults => {
  const ask = async (method: string, path: string, body?: object): Promise<unknown> => {
    const answer = await fetch(`${url}/_simulator/${path}`, { method, ...(body && { body: JSON.stringify(body) }) })
    if (!answer.ok) throw new Error(`the simulator answers ${answer.status} to ${method} ${path}: ${await answer.text()}`)
    return answer.json()
  }
  const book = <F extends object>(path: string) => {
    const set = new Map<F, { id: number; happened: number }>()
    const begin = async (fault: F, happened: number) => {
      const { faults } = (await ask('POST', path, fault)) as ListedFaults
      set.set(fault, { id: faults[0]?.id ?? 0, happened })
    }
    return {
      begin,
      end: async (fault: F): Promise<number> => {
        const { faults } = (await ask('GET', path)) as ListedFaults
        const metBy = (id: number) => faults.find((each) => each.id === id)?.happened ?? 0
        const others = [...set].filter(([other]) => other !== fault)
        const own = set.get(fault)
        await ask('DELETE', path)
        set.clear()
        for (const [other, { id, happened }] of others) await begin(other, happened + metBy(id))
        return own ? own.happened + metBy(own.id) : 0
      },
      endAll: async () => {
        set.clear()
        await ask('DELETE', path)
      },
    }
  }
  const faults = book<FaultSpec>('faults')
  const webhookFaults = book<WebhookFaultSpec>('webhooks/faults')
  return {
    setFault: async (fault) => {
      await faults.begin(fault, 0)
      return () => faults.end(fault)
    },
    setWebhookFault: async (fault) => {
      await webhookFaults.begin(fault, 0)
      return () => webhookFaults.end(fault)
    },
    endAll: async () => {
      await faults.endAll()
      await webhookFaults.endAll()
    },
  }
}
