import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { CommitFate } from '../contract/log-world.ts'

/** A way to one broker that breaks at a request to commit a transaction. */
export interface CommitCutter {
  readonly port: number
  breakAtCommit(fate: CommitFate): void
  close(): Promise<void>
}

/** Of Kafka's protocol. */
const END_TXN = 26

export const openCommitCutter = async (broker: { readonly host: string; readonly port: number }): Promise<CommitCutter> => {
  const sockets = new Set<Socket>()
  let armed: CommitFate | undefined
  const server = createServer((near) => {
    const far = connect(broker)
    let held = Buffer.alloc(0)
    let cut = false
    const pass = (request: Buffer) => {
      if (armed === undefined || request.readInt16BE(4) !== END_TXN) return void far.write(request)
      const fate = armed
      armed = undefined
      cut = true
      if (fate === 'unheard') far.write(request, () => near.resetAndDestroy())
      else near.resetAndDestroy()
      // Closed before, the broker would drop what has come.
      if (typeof fate === 'object') void fate.arrives.then(() => far.write(request))
    }
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {}) // 'close' follows
      socket.on('close', () => sockets.delete(socket))
    }
    near.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk])
      while (!cut && held.length >= 6 && held.length >= 4 + held.readInt32BE(0)) {
        const end = 4 + held.readInt32BE(0)
        const request = held.subarray(0, end)
        held = held.subarray(end)
        pass(request)
      }
    })
    far.on('data', (chunk: Buffer) => {
      if (!cut) near.write(chunk)
    })
    near.on('close', () => {
      if (!cut) far.destroy()
    })
    far.on('close', () => near.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    breakAtCommit: (fate) => {
      armed = fate
    },
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
