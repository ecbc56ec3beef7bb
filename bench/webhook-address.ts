import { randomBytes } from 'node:crypto'
import { freePorts } from '../dev/free-ports.ts'

/** Where LINE finds the webhook of a deployment, and how it signs. */
export interface WebhookAddress {
  readonly port: number
  readonly path: string
  readonly url: string
  /** The account's own user id. */
  readonly destination: string
  readonly secret: string
}

/** LINE is told of it before the worker that listens there has started, so the port is chosen here. */
export const freeWebhookAddress = async (): Promise<WebhookAddress> => {
  const [port = 0] = await freePorts(1)
  const path = '/line/webhook'
  return {
    ...{ port, path, url: `http://127.0.0.1:${port}${path}` },
    destination: `U${randomBytes(16).toString('hex')}`,
    secret: randomBytes(16).toString('hex'),
  }
}
