import { createRequire } from 'node:module'

/** Mends the class that a module of kafkajs exports; one that is as we want it is left alone. */
export const patchClass = <T extends object>(module: string, mend: (prototype: T) => void): void => {
  const { prototype } = require(module) as { prototype: T }
  if (mended.has(prototype)) return
  mended.add(prototype)
  mend(prototype)
}

const require = createRequire(import.meta.url)
const mended = new WeakSet<object>()
