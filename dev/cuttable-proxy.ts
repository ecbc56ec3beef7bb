import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A TCP connection's way to a server, that can be cut and mended. */
export interface CuttableProxy {
  /** `host:port` */
  readonly address: string
  /** Connections are reset, and new ones refused. */
  cut(): Promise<void>
  /** Connections stay, and new ones are taken, but nothing passes: a firewall that drops packets. */
  stall(): void
  /** All is well again for new connections; those that were stalled go on as well. */
  mend(): Promise<void>
  close(): Promise<void>
}

export const openProxy = async (target: { readonly host: string; readonly port: number }): Promise<CuttableProxy> => {
  const sockets = new Set<Socket>()
  let stalled = false
  const server = createServer((near) => {
    const far = connect(target)
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      if (stalled) socket.pause()
      socket.on('data', (chunk) => other.write(chunk))
      socket.on('end', () => other.end())
      // What one side suffers, the other shall, too.
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
  })
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  const cut = async () => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.resetAndDestroy()
    await closed
  }
  await listen(0)
  const { port } = server.address() as AddressInfo

  return {
    address: `127.0.0.1:${port}`,
    cut,
    stall: () => {
      stalled = true
      for (const socket of sockets) socket.pause()
    },
    mend: async () => {
      stalled = false
      for (const socket of sockets) socket.resume()
      if (!server.listening) await listen(port)
    },
    close: cut,
  }
}

/** The proxy's URL for a server's URL. */
export const openUrlProxy = async (url: string): Promise<CuttableProxy & { readonly url: string }> => {
  const { hostname, port, pathname, protocol } = new URL(url)
  if (protocol !== 'http:') throw new Error(`${protocol} cannot be proxied: a certificate would name another host`)
  const proxy = await openProxy({ host: hostname, port: Number(port || 80) })
  return { ...proxy, url: `http://${proxy.address}${pathname.replace(/\/$/, '')}` }
}
