import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below those that systems give to whoever opens a connection: from 32,768 on Linux, from 49,152 elsewhere. */
const FROM = 10_000
const UNTIL = 32_768

/** Ports of 127.0.0.1 that nobody has, all different. Somebody may take one before it is used: whoever binds must be ready to retry. */
export const freePorts = async (count: number): Promise<number[]> => {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = randomInt(FROM, UNTIL)
    if (await isFree(port)) ports.add(port)
  }
  return [...ports]
}

const isFree = async (port: number): Promise<boolean> => {
  await using server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
    return true
  } catch (fault) {
    if (fault instanceof Error && 'code' in fault && fault.code === 'EADDRINUSE') return false
    throw fault
  }
}
