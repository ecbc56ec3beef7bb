import type { Effect, World } from '../world.ts'
import type { DeedOf } from './perform.ts'

export const restartBroker = async ({ how, downMs }: DeedOf<'broker'>, { stack, now }: World): Promise<Effect> => {
  const from = now()
  await stack.restartBroker?.(how, downMs)
  return `broker ${how === 'crash' ? 'killed' : 'shut down'}, back after ${now() - from} ms`
}

/** Its process keeps its schemas in memory, so it is the way to it that goes. */
export const takeRegistryAway = async ({ how, ms }: DeedOf<'registry'>, { registry, pause }: World): Promise<Effect> => {
  await registry[how]()
  try {
    await pause(ms)
  } finally {
    await registry.mend()
  }
  return `registry ${how === 'cut' ? 'refused connections' : 'answered nothing'} for ${ms} ms`
}
