import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { type Config, ConfigError, withoutUndefined } from '../config.ts'
import type { Connection } from '../kafka/client.ts'

/** The configuration's Kafka as the client wants it. Certificate files count from the configuration file. Throws ConfigError for those that
 *  are of no use. */
export const connectionOf = (config: Config, purpose: string): Connection => {
  const { brokers, clientId, sasl } = config.kafka
  return {
    brokers,
    clientId: `${clientId}-${purpose}`,
    ...(sasl && { sasl: { ...sasl } }), // kafkajs keeps things of its own in it
    ssl: tlsOf(config),
  }
}

type Tls = Exclude<Config['kafka']['ssl'], boolean>

const PARTS = ['ca', 'cert', 'key'] as const

const tlsOf = ({ kafka: { ssl }, file }: Config): boolean | Tls => {
  if (typeof ssl === 'boolean') return ssl
  const faults: string[] = []
  const read = (part: (typeof PARTS)[number]): string | undefined => {
    const path = ssl[part]
    if (path === undefined) return undefined
    const { text, fault } = readPem(resolve(dirname(file), path), part)
    if (fault !== undefined) faults.push(`kafka.ssl.${part}: ${fault}`)
    return text
  }
  const [ca, cert, key] = PARTS.map(read)
  const tls = withoutUndefined({ ca, cert, key })
  if (faults.length === 0) faults.push(...pairFaults(tls))
  if (faults.length > 0) throw new ConfigError(file, faults)
  return tls
}

/** Quotes neither file nor path: a key may stand where a path should. */
const readPem = (path: string, part: (typeof PARTS)[number]): { readonly text?: string; readonly fault?: string } => {
  const kind = part === 'key' ? 'PRIVATE KEY' : 'CERTIFICATE'
  const wanted = `write the path of a file in PEM, which has a line -----BEGIN ${kind}-----`
  if (path.includes('-----BEGIN')) return { fault: `found the PEM itself; ${wanted}` }
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    return { fault: `the file cannot be read (${code}); ${wanted}; a relative path counts from the folder of the configuration` }
  }
  const isPem = text.includes('-----BEGIN ') && text.includes(`${kind}-----`)
  if (!isPem) return { fault: `the file is not PEM, or holds no such thing; ${wanted}` }
  try {
    // TLS itself passes over authorities that it cannot read.
    if (part === 'key') createPrivateKey(text)
    else new X509Certificate(text)
    return { text }
  } catch (error) {
    return { fault: `TLS cannot use the file (${codeOf(error)}); ${wanted}${part === 'key' ? ', without a passphrase' : ''}` }
  }
}

const pairFaults = ({ cert, key }: Tls): readonly string[] => {
  if (cert !== undefined && key === undefined)
    return ['kafka.ssl.key: there is none for kafka.ssl.cert; name the file of its key, or leave the certificate out']
  if (key !== undefined && cert === undefined)
    return ['kafka.ssl.cert: there is none for kafka.ssl.key; name the file of its certificate, or leave the key out']
  if (cert === undefined || key === undefined) return []
  try {
    createSecureContext({ cert, key })
    return []
  } catch (error) {
    return [
      `kafka.ssl.key: TLS cannot use it with kafka.ssl.cert (${codeOf(error)}); name the key that the certificate was made for`,
    ]
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown cause'
