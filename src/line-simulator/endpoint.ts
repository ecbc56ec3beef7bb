/** The endpoints of LINE that are simulated: the two that send, and the one that issues tokens. */
export const ENDPOINTS = ['template', 'flexible', 'token'] as const
export type Endpoint = (typeof ENDPOINTS)[number]

const PATHS: Readonly<Record<string, Endpoint>> = {
  '/v2/bot/message/pnp/templated/push': 'template',
  '/bot/pnp/push': 'flexible',
  '/oauth2/v3/token': 'token',
}

/** Nothing for another path, and for another method than POST: LINE calls that another endpoint, and it has none there. */
export const endpointOf = (method: string, path: string): Endpoint | undefined =>
  method === 'POST' && Object.hasOwn(PATHS, path) ? PATHS[path] : undefined
