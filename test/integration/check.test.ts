import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import kafkajs from 'kafkajs'
import { expect, onTestFinished, test, vi } from 'vitest'
import { deleteTopics } from './domain-topics.ts'
import { install } from './installation.ts'
import { tsuchi } from './tsuchi-command.ts'

test('an installation as it should be: nothing is wrong', async () => {
  const at = await install()
  onTestFinished(at.close)
  expect(await tsuchi(at, ['check'])).toMatchObject({ code: 0, stderr: 'nothing is wrong\n' })
})

test('whatever is wrong is told at once, each with its remedy, and it ends with 1', async () => {
  const at = await install({
    config: { channels: { main: { limits: { flexible: 2 } } } },
    routes: { 'outage-notice': { dedupeWindow: 'P2D' } },
  })
  onTestFinished(at.close)
  const admin = at.kafka.admin()
  await admin.connect()
  onTestFinished(() => admin.disconnect())
  await admin.alterConfigs({
    validateOnly: false,
    resources: [
      {
        type: kafkajs.ConfigResourceTypes.TOPIC,
        name: at.events['payment-due'],
        configEntries: [{ name: 'retention.ms', value: '-1' }],
      },
    ],
  })
  const gone = [at.topics.results, at.topics.optOuts, at.events['ride-reminder']]
  await deleteTopics(at.kafka, gone)
  await vi.waitUntil(async () => !(await admin.listTopics()).some((topic) => gone.includes(topic)), {
    interval: 50,
    timeout: 10_000,
  })
  const faulty = join(at.directory, 'routes', 'faulty.yaml')
  await writeFile(faulty, 'route: faulty\npurpose: advertising\n')

  const { code, stderr } = await tsuchi(at, ['check'])
  expect(code).toBe(1)
  for (const fault of [
    /faulty\.yaml.*purpose/,
    /channels\.main\.limits\.flexible: /,
    `${at.topics.results} does not exist: run \`tsuchi topics create\``,
    `${at.topics.optOuts} does not exist: run \`tsuchi topics create\``,
    new RegExp(`${at.events['ride-reminder']}, which route ride-reminder reads, does not exist: its producers create it`),
    new RegExp(
      `${at.events['payment-due']} keeps records for ever, but route payment-due remembers them for 168 h only: .*Lengthen dedupeWindow`,
    ),
    new RegExp(`${at.events['outage-notice']} keeps records for 168 h, but route outage-notice remembers them for 48 h only`),
  ])
    expect.soft(stderr).toMatch(fault)
  expect(stderr).not.toMatch(/ {4}at /) // no stack
  expect(stderr.trimEnd().split('\n').at(-1)).toMatch(/^\d+ faults$/)

  await rm(faulty)
  const mended = await tsuchi(at, ['check'])
  expect(mended.code).toBe(1)
  expect(mended.stderr).toMatch(/payment-due keeps records for ever/)
  expect(mended.stderr.trimEnd().split('\n').at(-1)).toBe('6 faults')
})

test('without brokers it says so', async () => {
  const at = await install({ config: { kafka: { brokers: ['127.0.0.1:1'] } } })
  onTestFinished(at.close)
  const { code, stderr } = await tsuchi(at, ['check'])
  expect(code).toBe(1)
  expect(stderr).toMatch(/kafka\.brokers/)
  expect(stderr).not.toMatch(/ {4}at /) // no stack
})
