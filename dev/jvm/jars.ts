import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { leash } from '../leash.ts'
import { withMachineLock } from '../machine-lock.ts'
import { StackUnavailable } from '../stack-unavailable.ts'

export interface Jars {
  readonly kafkaClasspath: string
  readonly registryJar: string
}

const POM = fileURLToPath(new URL('pom.xml', import.meta.url))
const PROGRESS_EVERY_MS = 3000

/** Where this pom's jars lie, or will lie. The directory gets this name only once it is complete. */
export const jarDirectory = async (env: NodeJS.ProcessEnv): Promise<string> => {
  const cache = env.TSUCHI_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tsuchi')
  const hash = createHash('sha256')
    .update(await readFile(POM))
    .digest('hex')
  return join(cache, `jvm-${hash.slice(0, 12)}`)
}

/** Kafka's and the registry's jars, downloaded by Maven the first time. Interrupted, the next call begins anew, with what Maven
 *  already has in its own repository. */
export const fetchJars = async (
  directory: string,
  onProgress: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<Jars> => {
  if (!existsSync(directory)) {
    await withMachineLock(`${directory}.lock`, signal, async () => {
      if (!existsSync(directory)) await download(directory, onProgress, signal)
    })
  }
  const registry = join(directory, 'registry')
  const runner = (await readdir(registry)).find((name) => name.endsWith('-runner.jar'))
  if (runner === undefined) throw new Error(`${registry} holds no *-runner.jar: remove ${directory} to have it fetched anew`)
  return { kafkaClasspath: join(directory, 'kafka', '*'), registryJar: join(registry, runner) }
}

const download = async (directory: string, onProgress: (line: string) => void, signal: AbortSignal | undefined) => {
  onProgress(`Fetching Kafka and the schema registry into ${directory} (once; some 170 MB)`)
  await removeRemains(directory)
  const part = `${directory}.part-${process.pid}`
  await mkdir(part, { recursive: true })
  const maven = leash(['mvn', '-B', '-f', POM, 'package', `-Dinto=${part}`], `${part}/maven`)
  const report = setInterval(() => {
    maven.log().then((log) => onProgress(`Maven: ${downloaded(log)} so far`), noLogYet)
  }, PROGRESS_EVERY_MS)
  const giveUp = () => void maven.end()
  signal?.addEventListener('abort', giveUp)
  try {
    await maven.whenEnded
    signal?.throwIfAborted()
    if (maven.ended()?.status !== 0) {
      throw new StackUnavailable(
        `Maven could not fetch Kafka and the registry. It needs Maven Central, or a mirror of it in ~/.m2/settings.xml.
${await faults(maven.logTail)}`,
      )
    }
    onProgress(`Maven: ${downloaded(await maven.log())}, done`)
    await rename(part, directory)
  } finally {
    clearInterval(report)
    signal?.removeEventListener('abort', giveUp)
    await rm(part, { recursive: true, force: true })
  }
}

const noLogYet = () => {}

/** What a download left that was killed. Nobody else is at it: we hold the lock. */
const removeRemains = async (directory: string) => {
  const prefix = `${basename(directory)}.part-`
  const names = (await readdir(dirname(directory))).filter((name) => name.startsWith(prefix))
  await Promise.all(names.map((name) => rm(join(dirname(directory), name), { recursive: true, force: true })))
}

const UNIT = { B: 1e-6, kB: 1e-3, MB: 1, GB: 1e3 }

const downloaded = (log: string) => {
  const files = [...log.matchAll(/Downloaded from .* \(([\d.]+) (B|kB|MB|GB) at /g)]
  const megabytes = files.reduce((sum, [, amount, unit]) => sum + Number(amount) * UNIT[unit as keyof typeof UNIT], 0)
  return `${files.length} files, ${Math.round(megabytes)} MB`
}

const faults = async (logTail: () => Promise<string>) => {
  const tail = await logTail()
  const errors = tail.split('\n').filter((line) => line.startsWith('[ERROR]'))
  return errors.length > 0 ? errors.slice(0, 3).join('\n') : tail
}
