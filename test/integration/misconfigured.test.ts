import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import kafkajs, { type Admin } from 'kafkajs'
import { describe, expect, test, vi } from 'vitest'
import { type Config, loadConfig } from '../../src/config.ts'
import { type Installation, install } from './installation.ts'
import { PATIENCE_MS } from './patience.ts'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))

/** Runs tsuchi as an operator does. Never rejects: how it ended is the answer. */
const tsuchi = (at: Installation, ...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    const env = { ...at.env, NODE_OPTIONS: '--disable-warning=TimeoutNegativeWarning' }
    const child = execFile(process.execPath, [CLI, ...args, '--config', at.configFile], { env }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    )
  })

/** Changes something, and waits until it can be seen: the broker's own metadata lag behind. */
const withAdmin = async (
  at: Installation,
  change: (admin: Admin) => Promise<unknown>,
  seen: (admin: Admin) => Promise<boolean>,
): Promise<void> => {
  const admin = at.kafka.admin()
  await admin.connect()
  try {
    await change(admin)
    await vi.waitUntil(() => seen(admin), { timeout: PATIENCE_MS, interval: 50 })
  } finally {
    await admin.disconnect()
  }
}

const widen = (at: Installation, topics: readonly string[]): Promise<void> =>
  withAdmin(
    at,
    (admin) => admin.createPartitions({ topicPartitions: topics.map((topic) => ({ topic, count: 4 })) }),
    async (admin) => {
      const metadata = await admin.fetchTopicMetadata({ topics: [...topics] })
      return metadata.topics.every(({ partitions }) => partitions.length === 4 && partitions.every(({ leader }) => leader >= 0))
    },
  )

/** It says these words, sends nothing, and publishes nothing. */
const expectRefusal = async (at: Installation, ...words: (string | RegExp)[]): Promise<void> => {
  const fault = await at.startWorker({ mayDie: true }).then(
    () => undefined,
    (error: Error) => error,
  )
  for (const word of words) expect(fault?.message).toMatch(word)
  expect([at.sends(), at.results.all()]).toEqual([[], []])
}

describe('the command line says what is wrong and what to do, and ends with 1', () => {
  test.concurrent('topics that nobody created', async ({ onTestFinished }) => {
    const at = await install()
    onTestFinished(at.close)
    await withAdmin(
      at,
      (admin) => admin.deleteTopics({ topics: [at.topics.journal, at.topics.results] }),
      async (admin) => !(await admin.listTopics()).some((topic) => [at.topics.journal, at.topics.results].includes(topic)),
    )
    const { code, stderr } = await tsuchi(at, 'run')
    expect(code).toBe(1)
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringContaining('the topics are not as they must be'),
      expect.stringContaining(`${at.topics.journal} does not exist: run \`tsuchi topics create\``),
      expect.stringContaining(`${at.topics.results} does not exist: run \`tsuchi topics create\``),
    ])
  })

  test.concurrent('brokers that are not there', async ({ onTestFinished }) => {
    const at = await install({ config: { kafka: { brokers: ['127.0.0.1:1'] } } })
    onTestFinished(at.close)
    const { code, stderr } = await tsuchi(at, 'run')
    expect(code).toBe(1)
    expect(stderr).toMatch(/kafka\.brokers/)
    expect(stderr).not.toMatch(/ {4}at /) // no stack
  })

  test.concurrent('a secret that is not given, and a wrong setting, at once', async ({ onTestFinished }) => {
    const at = await install()
    onTestFinished(at.close)
    const { TSUCHI_PEPPER: _, ...env } = at.env
    const { code, stderr } = await tsuchi({ ...at, env }, 'run')
    expect(code).toBe(1)
    expect(stderr).toContain('privacy.pepper')
    expect(stderr).toContain('set TSUCHI_PEPPER, or TSUCHI_PEPPER_FILE')
  })
})

describe('a worker does not start', () => {
  test.concurrent('without the registry', async ({ onTestFinished }) => {
    const at = await install({ registryUrl: 'http://127.0.0.1:1' })
    onTestFinished(at.close)
    await expectRefusal(at, `${at.topics.results}-value`, 'is registry.url right')
  })

  test.concurrent('without the schema of results', async ({ onTestFinished }) => {
    const at = await install({ results: 'unregistered' })
    onTestFinished(at.close)
    await expectRefusal(at, `${at.topics.results}-value`, 'tsuchi schemas register')
  })

  test.concurrent('with requests that have more partitions than the journal', async ({ onTestFinished }) => {
    const at = await install()
    onTestFinished(at.close)
    await widen(at, [at.topics.requests])
    await expectRefusal(at, `${at.topics.requests} has 4 partitions, and topics.partitions says 3`, 'same number')
  })

  test.concurrent('with more partitions everywhere than the installation began with', async ({ onTestFinished }) => {
    const at = await install()
    onTestFinished(at.close)
    const { requests, feedback, journal } = at.topics
    await widen(at, [requests, feedback, journal])
    await expectRefusal(at, journal)
  })

  test.concurrent('with a journal that forgets by age', async ({ onTestFinished }) => {
    const at = await install()
    onTestFinished(at.close)
    const journal = { type: kafkajs.ConfigResourceTypes.TOPIC, name: at.topics.journal }
    await withAdmin(
      at,
      (admin) =>
        admin.alterConfigs({
          validateOnly: false,
          resources: [{ ...journal, configEntries: [{ name: 'cleanup.policy', value: 'delete' }] }],
        }),
      async (admin) => {
        const described = await admin.describeConfigs({
          includeSynonyms: false,
          resources: [{ ...journal, configNames: ['cleanup.policy'] }],
        })
        return described.resources[0]?.configEntries[0]?.configValue === 'delete'
      },
    )
    await expectRefusal(at, `${at.topics.journal} has cleanup.policy=delete where compact is wanted`, 'state would be deleted')
  })

  test.concurrent('with another pepper', async ({ onTestFinished }) => {
    const at = await install()
    onTestFinished(at.close)
    const pepper = randomBytes(32).toString('base64')
    const config: Config = loadConfig(at.configFile, { ...at.env, TSUCHI_PEPPER: pepper })
    const fault = await at.startWorker({ config, mayDie: true }).then(
      () => undefined,
      (error: Error) => error,
    )
    expect(fault?.message).toMatch('made with another pepper than privacy.pepper')
    for (const secret of [pepper, at.env.TSUCHI_PEPPER ?? '']) expect(fault?.message).not.toContain(secret)
  })

  test.concurrent('as another group, which would send everything a second time', async ({ onTestFinished }) => {
    const at = await install()
    onTestFinished(at.close)
    const config: Config = { ...at.config, kafka: { ...at.config.kafka, group: 'another' } }
    const fault = await at.startWorker({ config, from: 'latest', mayDie: true }).then(
      () => undefined,
      (error: Error) => error,
    )
    expect(fault?.message).toMatch(`made for kafka.group ${at.name}, and this is another`)
  })

  test.concurrent("without a route's topic", async ({ onTestFinished }) => {
    const at = await install({ routes: { 'payment-due': { topic: 'nobody.made.this' } } })
    onTestFinished(at.close)
    await expectRefusal(at, 'nobody.made.this, which route payment-due reads, does not exist')
  })
})
