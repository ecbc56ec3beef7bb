import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Kafka } from 'kafkajs'
import { expect, inject, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { PATIENCE_MS } from './patience.ts'
import { alive, descendants } from './process-tree.ts'

const DEMO = fileURLToPath(new URL('../../dev/demo.ts', import.meta.url))

test('the demo ends with the table of what became of everything, and leaves nothing behind', { timeout: 240_000 }, async () => {
  const demo = await startDemo('--json')
  await demo.untilSaid('The worker is ready')
  const family = await descendants(demo.pid)
  expect(family.filter(({ command }) => !/\bsh$/.test(command))).toHaveLength(2)

  expect(await demo.exited(), demo.said()).toEqual([0, null])
  const printed = demo.printed().trimEnd().split('\n')
  expect(printed).toHaveLength(1)
  const { seconds, ...table } = JSON.parse(printed[0] ?? '')
  expect(table).toEqual({
    events: 300,
    notifications: 521,
    table: {
      reminder: { delivered: 151, unreachable: 1, cancelled: 1, duplicate: 4 },
      'payment-due': { delivered: 134, undelivered: 1, unconfirmed: 1, refused: 1, duplicate: 2 },
      outage: { delivered: 222, unreachable: 1, duplicate: 1 },
      none: { poison: 1 },
    },
    lineRequests: 511,
    lineDelivered: 507,
    sentTwice: 0,
    cost: { JPY: 1774.5 },
    costAtMost: { JPY: 1778 },
  })
  expect(seconds).toBeGreaterThan(5)
  expect(demo.said()).toContain('511 requests, 507 messages shown, just those that results call delivered; nobody twice')
  expect(demo.said()).toMatch(/C-20012 has never decided [^\n]+\n[^\n]+accepted [^\n]+\n[^\n]+delivered +LINE: can be seen since/)
  expect(demo.said()).toMatch(/C-20004 gets it, but LINE's answer is lost[^\n]+\n[^\n]+unknown +timeout[^\n]+\n[^\n]+delivered /)
  expect(demo.said()).toMatch(/\+6\.0 h +fallback_due [^\n]+\n[^\n]+\+24\.0 h +undelivered +no-receipt .+hint: sms/)
  // A broker lists a topic that was deleted for a moment longer.
  await expect.poll(() => demo.traces(family), { timeout: PATIENCE_MS }).toEqual(NOTHING)
})

test.each([
  ['while the worker starts', 'Quiet hours of this demo'],
  ['while it works', 'Produced 300 events'],
])('Ctrl-C %s ends the demo and all it has started', async (_when, line) => {
  const demo = await startDemo()
  await demo.untilSaid(line)
  const family = await descendants(demo.pid)
  expect(family).not.toEqual([])

  demo.interrupt()
  expect(await demo.exited(), demo.said()).toEqual([130, null])
  expect(demo.said()).toContain('Ended; nothing is left running')
  expect(demo.printed()).toBe('')
  // A broker lists a topic that was deleted for a moment longer.
  await expect.poll(() => demo.traces(family), { timeout: PATIENCE_MS }).toEqual(NOTHING)
})

const NOTHING = { processes: [], files: [], topics: [], subjects: [] }

test('an unknown option is told what there is', async () => {
  const demo = await startDemo('--jsno')
  expect(await demo.exited()).toEqual([2, null])
  expect(demo.said()).toMatch(/--jsno[\s\S]+--json/)
})

const startDemo = async (...options: readonly string[]) => {
  const temporary = await mkdtemp(join(tmpdir(), 'tsuchi-test-'))
  onTestFinished(() => rm(temporary, { recursive: true }))
  const child = spawn(process.execPath, [DEMO, ...options], {
    env: {
      ...process.env,
      KAFKA_BROKERS: inject('brokers').join(','),
      SCHEMA_REGISTRY_URL: inject('registryUrl'),
      TSUCHI_STACK: '',
      TMPDIR: temporary,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const closed = once(child, 'close')
  let printed = ''
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    printed += chunk
  })
  child.stderr.on('data', (chunk) => {
    said += String(chunk)
  })
  return {
    pid: child.pid,
    printed: () => printed,
    said: () => said,
    untilSaid: async (line: string) => {
      while (!said.includes(line)) {
        const [next] = await Promise.race([once(child.stderr, 'data'), closed])
        if (!(next instanceof Buffer)) throw new Error(`the demo ended before it said ${line}:\n${said}`)
      }
    },
    interrupt: () => child.kill('SIGINT'),
    exited: () => closed,
    /** What is still there of it: of these processes, of its files, of its topics and their schemas. */
    traces: async (family: Parameters<typeof alive>[0]) => {
      const prefix = /tsuchi-demo-[\d-]+/.exec(said)?.[0] ?? ''
      return {
        processes: await alive(family),
        files: await readdir(temporary),
        topics: await topicsWith(prefix),
        subjects: await subjectsWith(prefix),
      }
    },
  }
}

const topicsWith = async (prefix: string): Promise<string[]> => {
  expect(prefix).not.toBe('')
  const admin = new Kafka({ brokers: inject('brokers'), logCreator: () => () => {} }).admin()
  await admin.connect()
  try {
    return (await admin.listTopics()).filter((topic) => topic.startsWith(prefix))
  } finally {
    await admin.disconnect()
  }
}

const subjectsWith = async (prefix: string): Promise<string[]> => {
  const answer = await fetch(`${inject('registryUrl')}/subjects`)
  const subjects = z.array(z.string()).parse(await answer.json())
  return subjects.filter((subject) => subject.startsWith(prefix))
}
