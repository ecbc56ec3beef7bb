import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import type { Config } from '../config.ts'

/** What a worker needs of the machine that it runs on, tried on this one: it may be another, so none of it is a fault. Changes nothing. */
export const hostWarnings = async (config: Config): Promise<readonly string[]> => {
  const { http, webhook, channels } = config
  const takesWebhooks = webhook.topic === undefined && Object.values(channels).some((channel) => channel.webhook)
  const warnings = await Promise.all([
    directoryWarning(config),
    bindWarning('http.host', http.host),
    takesWebhooks ? bindWarning('webhook.host', webhook.host) : null,
  ])
  return warnings.filter((warning) => warning !== null)
}

const HERE = 'if workers run on this machine, as this user'

/** Made by the worker, where it is missing: then the nearest folder above it must let it. */
const directoryWarning = async ({ state }: Config): Promise<string | null> => {
  if (state === 'memory') return null
  const { directory } = state
  const code = await troubleIn(directory, directory)
  return code === null
    ? null
    : `state.directory: ${directory} cannot be written or made (${code}); ${HERE}, name a folder that they may write, or give them this one`
}

const troubleIn = async (folder: string, wanted: string): Promise<string | null> => {
  try {
    if (!(await stat(folder)).isDirectory()) return 'ENOTDIR'
    await access(folder, constants.W_OK | constants.X_OK)
    // The superuser may write everywhere, but nobody makes folders there.
    return folder !== wanted && VIRTUAL.test(`${folder}/`) ? 'EROFS' : null
  } catch (error) {
    const code = codeOf(error)
    return code === 'ENOENT' && dirname(folder) !== folder ? troubleIn(dirname(folder), wanted) : code
  }
}

const VIRTUAL = /^\/(?:proc|sys)\//

/** Any free port of that host, for a moment: that of the configuration may be held by a worker that runs. */
const bindWarning = async (setting: string, host: string): Promise<string | null> => {
  const { promise, resolve } = Promise.withResolvers<string | null>()
  const server = createServer()
  server.once('error', (error) => resolve(codeOf(error)))
  server.listen({ host, port: 0 }, () => server.close(() => resolve(null)))
  const code = await promise
  return code === null
    ? null
    : `${setting}: nothing can listen at ${host} (${code}); ${HERE}, write an address of it, such as 0.0.0.0 for all it has`
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown cause'
