import { fetch } from 'undici'
import { z } from 'zod'

/** Whether it is the simulator that answers there; if not, what does. Sends nothing of the channel's. Never rejects. */
export const notTheSimulator = async (baseUrl: string, deadlineMs: number): Promise<string | null> => {
  try {
    const answer = await fetch(`${baseUrl.replace(/\/+$/, '')}/_simulator`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(deadlineMs),
    })
    const said = ownList.safeParse(await answer.json().catch(() => undefined))
    if (answer.status === 200 && said.success && said.data.endpoints.some(({ path }) => path === '/_simulator/people'))
      return null
    return `HTTP ${answer.status} at /_simulator, and not as the simulator does`
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    return cause instanceof Error && 'code' in cause ? String(cause.code) : 'no answer'
  }
}

/** As admin.ts of the simulator lists itself. */
const ownList = z.object({ endpoints: z.array(z.object({ path: z.string() })) })
