import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { Order, Said } from './inside-worker.ts'

/** The wire to what is preloaded into workers. */
export interface Control {
  readonly path: string
  /** Its process id, once it has said so; undefined before. */
  pidOf(worker: string): number | undefined
  /** Resolves when the worker has done it; rejects when it has not within `withinMs`, as one that was killed. */
  tell(worker: string, order: Wanted, withinMs?: number): Promise<void>
}

/** Distributes over the union, which `Omit` does not. */
export type Wanted = Order extends infer Each ? (Each extends Order ? Omit<Each, 'id'> : never) : never

const OBEY_WITHIN_MS = 5_000

export const openControl = async (options: {
  readonly path: string
  readonly onHappened: (worker: string, what: string, ms: number) => void
  readonly cleanUp: AsyncDisposableStack
}): Promise<Control> => {
  const { path, onHappened, cleanUp } = options
  const workers = new Map<string, { readonly pid: number; readonly socket: Socket }>()
  const waiting = new Map<number, () => void>()
  let orders = 0
  const sockets = new Set<Socket>()

  const server = createServer((socket) => {
    let worker = ''
    sockets.add(socket)
    socket.on('error', () => {}) // it was killed
    socket.on('close', () => sockets.delete(socket))
    createInterface(socket).on('line', (line) => {
      const said = JSON.parse(line) as Said
      if (said.kind === 'done') return waiting.get(said.id)?.()
      if (said.kind === 'happened') return onHappened(worker, said.what, said.ms)
      worker = said.worker
      workers.set(worker, { pid: said.pid, socket })
    })
  })
  server.listen(path)
  await once(server, 'listening')
  cleanUp.defer(async () => {
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  })

  return {
    path,
    pidOf: (worker) => workers.get(worker)?.pid,
    tell: async (worker, order, withinMs = OBEY_WITHIN_MS) => {
      const id = ++orders
      const done = Promise.withResolvers<void>()
      waiting.set(id, done.resolve)
      const late = setTimeout(() => done.reject(new Error(`${worker} did not obey: ${order.kind}`)), withinMs)
      workers.get(worker)?.socket.write(`${JSON.stringify({ ...order, id })}\n`)
      try {
        await done.promise
      } finally {
        clearTimeout(late)
        waiting.delete(id)
      }
    },
  }
}
