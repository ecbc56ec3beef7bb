import type { TestProject } from 'vitest/node'
import { startStack } from '../dev/stack.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    brokers: string[]
    registryUrl: string
  }
}

/** One Kafka and one registry for the whole run. Tests share it: topics, groups and subjects have names of their own. */
export const setup = async (project: TestProject) => {
  const stack = await startStack({ onProgress: (line) => console.error(line) })
  project.provide('brokers', stack.brokers)
  project.provide('registryUrl', stack.registryUrl)
  return () => stack.stop()
}
