import { fetch } from 'undici'
import { z } from 'zod'
import { type Config, ConfigError } from '../config.ts'

/** Throws ConfigError if what is called a simulator is something else, or is not there: real people might get what is meant for it. */
export const verifySimulators = async (config: Config): Promise<void> => {
  const simulated = Object.entries(config.channels).filter(
    ([, { provider, mode }]) => provider === 'line-simulator' && mode !== 'shadow',
  )
  const looks = await Promise.all(
    simulated.map(async ([name, { baseUrl }]) => {
      const found = await notTheSimulator(baseUrl, DEADLINE_MS)
      return found === null ? [] : [`channels.${name}.baseUrl: ${mistaken(found)}`]
    }),
  )
  const faults = looks.flat()
  if (faults.length > 0) throw new ConfigError(config.file, faults)
}

export const mistaken = (found: string): string =>
  `found ${found}; provider is line-simulator, and real people might get what is meant for it. Start \`tsuchi line-simulator\` and write the URL that it prints, or write provider: line`

const DEADLINE_MS = 5_000

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
