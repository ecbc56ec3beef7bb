import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The port cannot be had. Says what to do. */
export class PortError extends Error {
  override readonly name = 'PortError'

  /** `section`: of the configuration. */
  constructor({ host, port, section }: Place, code: string | undefined) {
    super(
      `cannot listen on ${authorityOf(host, port)} (${code}): set ${section}.host and ${section}.port to something free, or port to 0 for any`,
    )
  }
}

interface Place {
  readonly host: string
  readonly port: number
  /** Of the configuration. */
  readonly section: 'http' | 'webhook'
}

/** Resolves to the URL by which this machine reaches it. Throws PortError. */
export const listen = async (server: Server, place: Place): Promise<string> => {
  await new Promise<void>((resolve, reject) => {
    server.once('error', ({ code }: NodeJS.ErrnoException) => reject(new PortError(place, code)))
    server.listen(place.port, place.host, resolve)
  })
  const { port } = server.address() as AddressInfo
  const isAny = place.host === '0.0.0.0' || place.host === '::'
  return `http://${authorityOf(isAny ? '127.0.0.1' : place.host, port)}`
}

const authorityOf = (host: string, port: number): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)
