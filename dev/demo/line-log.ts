import { z } from 'zod'
import { digestOf } from '../../src/line-simulator/people.ts'
import { DemoFault } from './fault.ts'

const logEntry = z.object({
  endpoint: z.string(),
  to: z.string().nullable(),
  came: z.string(),
  requestId: z.string(),
  body: z.unknown(),
})

/** What LINE has seen, by its own log. */
export interface LineLog {
  /** Messages asked to be sent, without the requests for tokens. */
  readonly requests: number
  /** People who got the same message more than once. */
  readonly twice: number
  readonly requestIds: ReadonlySet<string>
}

/** LINE takes the next message for this person, shows it, and never answers. */
export const neverAnswerFor = async (simulatorUrl: string, phone: string, signal: AbortSignal): Promise<void> => {
  const fault = { kind: 'hang', recorded: true, to: digestOf(phone), count: 1 }
  const answer = await fetch(`${simulatorUrl}/_simulator/faults`, { method: 'POST', body: JSON.stringify(fault), signal })
  if (!answer.ok) throw new DemoFault(`the simulator would not take a fault (${answer.status}): ${await answer.text()}`)
}

export const readLineLog = async (simulatorUrl: string, signal: AbortSignal): Promise<LineLog> => {
  const answer = await fetch(`${simulatorUrl}/_simulator/log?limit=100000`, { signal })
  if (!answer.ok) throw new DemoFault(`the simulator's log cannot be read (${answer.status})`)
  const lines = (await answer.text()).split('\n').filter((line) => line !== '')
  const requests = lines.map((line) => logEntry.parse(JSON.parse(line))).filter(({ endpoint }) => endpoint !== 'token')
  const shown = requests.filter(({ came }) => came !== 'nothing')
  const byMessage = Map.groupBy(shown, ({ to, body }) => JSON.stringify([to, body]))
  return {
    requests: requests.length,
    twice: [...byMessage.values()].filter((each) => each.length > 1).length,
    requestIds: new Set(requests.map(({ requestId }) => requestId)),
  }
}
