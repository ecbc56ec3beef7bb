import type { Effect, World } from '../world.ts'
import type { DeedOf } from './perform.ts'

export const failLine = async ({ fault, ms }: DeedOf<'line'>, { lineFaults, pause }: World): Promise<Effect> => {
  const end = await lineFaults.setFault(fault)
  await pause(ms)
  const { kind, probability, seed, ...others } = fault
  const details = Object.entries(others).map(([name, value]) => `${name} ${value}`)
  return `${[kind, ...details].join(', ')}: met ${await end()} requests in ${ms} ms`
}

export const endLine = async ({ how, ms }: DeedOf<'line-outage'>, { lineFaults, lineWay, pause }: World): Promise<Effect> => {
  if (how === 'answers-503') {
    const end = await lineFaults.setFault({ kind: 'server-error', status: 503 })
    await pause(ms)
    return `503 to all ${await end()} requests of ${ms} ms`
  }
  await lineWay.cut()
  try {
    await pause(ms)
  } finally {
    await lineWay.mend()
  }
  return `refused all connections for ${ms} ms`
}

export const failWebhooks = async ({ fault, ms }: DeedOf<'webhook'>, { lineFaults, pause }: World): Promise<Effect> => {
  const end = await lineFaults.setWebhookFault(fault)
  await pause(ms)
  return `${fault.kind}: met ${await end()} events in ${ms} ms`
}
