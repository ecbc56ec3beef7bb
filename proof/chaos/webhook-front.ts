import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Worker } from './worker.ts'

/** Where LINE finds the webhooks of whoever runs: connections are shared out among the workers, as by any balancer of TCP. One that
 *  refuses is passed over, one that stands still is left out once that is noticed. */
export interface WebhookFront {
  readonly url: string
}

/** How long balancers take to notice, in common settings. */
const NOTICED_AFTER_MS = 5_000

export const openWebhookFront = async (options: {
  readonly path: string
  readonly workers: () => readonly Worker[]
  readonly now: () => number
  readonly cleanUp: AsyncDisposableStack
}): Promise<WebhookFront> => {
  const { workers, now } = options
  const sockets = new Set<Socket>()
  let turn = 0
  const isWell = (worker: Worker): boolean => {
    const frozen = worker.frozen.at(-1)
    return frozen === undefined || frozen.until !== null || now() - frozen.from < NOTICED_AFTER_MS
  }
  const ports = (): number[] => {
    const open = workers()
      .filter(isWell)
      .flatMap((worker) => worker.webhookPort() ?? [])
    turn++
    return [...open.slice(turn % Math.max(1, open.length)), ...open.slice(0, turn % Math.max(1, open.length))]
  }
  const pair = (near: Socket, far: Socket) => {
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroy())
      from.pipe(to)
    }
  }
  const server = createServer((near) => {
    sockets.add(near)
    near.on('close', () => sockets.delete(near))
    near.on('error', () => near.destroy())
    const tryNext = ([port, ...others]: readonly number[]): void => {
      if (port === undefined) return void near.resetAndDestroy()
      const far = connect({ host: '127.0.0.1', port })
      const next = () => tryNext(others)
      far.once('error', next)
      far.once('connect', () => {
        far.off('error', next)
        pair(near, far)
      })
    }
    tryNext(ports())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  options.cleanUp.defer(async () => {
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}${options.path}` }
}
