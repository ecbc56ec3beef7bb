import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Admin } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { GuardedBroker } from '../../dev/jvm-stack.ts'
import { accessFaults, aclsOf } from '../../src/access.ts'
import { readRoutes } from '../../src/app.ts'
import { connectionOf } from '../../src/config/kafka-connection.ts'
import { missingAcls } from '../../src/kafka/access.ts'
import { type Acl, type AclUse, formatAcl } from '../../src/kafka/acls.ts'
import { createKafka } from '../../src/kafka/client.ts'
import { paymentDue } from './events.ts'
import { allow, disallow, hasJvm, PASSWORDS, startBroker } from './guarded-installation.ts'
import { type Installation, install } from './installation.ts'
import { PATIENCE_MS } from './patience.ts'
import { tsuchi } from './tsuchi-command.ts'

/** What a worker does without looking first at what it may: whether each ACL is needed at all. */
const blind = vi.hoisted(() => ({ on: false }))
vi.mock('../../src/access.ts', async (load) => {
  const original = await load<typeof import('../../src/access.ts')>()
  const verifyAccessFor: typeof original.verifyAccessFor = async (...given) => {
    if (!blind.on) await original.verifyAccessFor(...given)
  }
  return { ...original, verifyAccessFor }
})

describe.runIf(hasJvm)('on a broker that allows nobody what no ACL allows', () => {
  let broker: GuardedBroker
  let admin: Admin
  let at: Installation
  /** Of a worker, and of `tsuchi check` as the same user. */
  let least: readonly Acl[]
  const aclsFor = (...uses: AclUse[]) => aclsOf(at.config, uses, readRoutes(at.config))
  const named = (text: string): Acl => {
    const acl = least.find((each) => formatAcl(each).replaceAll(at.name, 'tsuchi') === text)
    if (!acl) throw new Error(`no such ACL is in the list: ${text}`)
    return acl
  }
  /** Brokers take a moment to heed a change. */
  const untilMissing = (missing: readonly Acl[], of = least, config = at.config) => {
    const kafka = createKafka(connectionOf(config, 'test'), UNHEARD)
    return vi.waitUntil(async () => (await missingAcls(kafka, of)).length === missing.length, {
      timeout: PATIENCE_MS,
      interval: 20,
    })
  }
  const allowOwner = async (acls: readonly Acl[]): Promise<void> => {
    await allow(admin, acls, 'owner')
    const { sasl } = at.config.kafka
    if (!sasl) throw new Error('the test wants SASL')
    const owner = { ...sasl, username: 'owner', password: PASSWORDS.owner }
    await untilMissing([], acls, { ...at.config, kafka: { ...at.config.kafka, sasl: owner } })
  }
  const without = async (...texts: string[]): Promise<void> => {
    const taken = texts.map(named)
    await disallow(admin, taken)
    onTestFinished(async () => {
      await allow(admin, taken)
      await untilMissing([])
    })
    await untilMissing(taken)
  }
  /** The same installation for another user. */
  const asOwner = async (changes: (yaml: string) => string = (yaml) => yaml) => {
    const configFile = join(at.directory, 'owner.yaml')
    const yaml = (await readFile(at.configFile, 'utf8')).replace('username: tsuchi', 'username: owner')
    await writeFile(configFile, changes(yaml.replace(`password: ${PASSWORDS.tsuchi}`, `password: ${PASSWORDS.owner}`)))
    return { configFile, env: at.env }
  }

  beforeAll(async () => {
    broker = await startBroker()
    at = await install({
      partitions: 1,
      brokers: [broker.address],
      config: {
        kafka: {
          brokers: [broker.guardedAddress],
          sasl: { mechanism: 'scram-sha-512', username: 'tsuchi', password: PASSWORDS.tsuchi },
        },
      },
    })
    admin = at.kafka.admin()
    await admin.connect()
    least = aclsFor('intake', 'dispatch', 'check')
    await allow(admin, least)
    await untilMissing([])
  })
  afterAll(async () => {
    await admin?.disconnect()
    await at?.close()
    await broker?.stop()
  })

  test('a worker with the ACLs of `tsuchi acls` sends what an event wants, and buries what cannot be read', async () => {
    const worker = await at.startWorker()
    onTestFinished(() => worker.stop())
    const place = await at.produceOne('payment-due', paymentDue({ id: 'C-1', phone: '09012345678' }))
    const poison = await at.produceRaw(at.events['payment-due'], { value: 'not an event' })
    expect(await at.results.endOf(place)).toMatchObject({ status: 'accepted' })
    expect(await at.results.endOf(poison)).toMatchObject({ status: 'poison' })
    expect(at.sends()).toHaveLength(1)
  })

  test('`tsuchi acls` prints just these ACLs, for the user of kafka.sasl', async () => {
    const { code, stdout } = await tsuchi(at, ['acls', '--json'])
    expect(code).toBe(0)
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(least.map((acl) => ({ principal: 'User:tsuchi', ...acl })))
  })

  test('a worker that may not do something does not start, and its last lines name every ACL that is missing', async () => {
    await without('Write on topic tsuchi.results', 'Read on group tsuchi-intake')
    const { code, stderr } = await tsuchi(at, ['run'])
    expect({ code, stderr: stderr.replaceAll(at.name, 'tsuchi') }).toEqual({
      code: 1,
      stderr: `Kafka does not allow user tsuchi what is needed. \`tsuchi acls\` prints the commands that add these ACLs:
  - Read on group tsuchi-intake: members of intake share the events
  - Write on topic tsuchi.results: what became of each
`,
    })
  })

  test('`tsuchi check` names each ACL that is missing, what it is for, and the remedy', async () => {
    expect((await tsuchi(at, ['check'])).stderr).toMatch(/✓ access/)
    await without('Read on topic tsuchi.opt-outs', 'Describe on topic tsuchi.friend-events')
    const { code, stderr } = await tsuchi(at, ['check'])
    const told = stderr.replaceAll(at.name, 'tsuchi')
    expect(code).toBe(1)
    expect(told).toContain(
      'Kafka does not allow user tsuchi Read on topic tsuchi.opt-outs (who wants nothing): `tsuchi acls` prints the command that adds the ACL',
    )
    expect(told).toContain('Kafka does not allow user tsuchi Describe on topic tsuchi.friend-events')
    expect(told).toContain('tsuchi.friend-events may not be described by this user: an ACL is missing')
    expect(told).not.toContain('does not exist')
    expect(told).not.toMatch(/ {4}at /) // no stack
  })

  describe('none of the list is too much: without looking first, a worker fails for want of', () => {
    beforeAll(() => {
      blind.on = true
    })
    afterAll(() => {
      blind.on = false
    })

    test.each([
      'Describe on topic tsuchi.friend-events',
      'DescribeConfigs on topic tsuchi.requests',
      'Read on topic tsuchi.events.payment-due',
      'Read on topic tsuchi.requests',
      'Read on topic tsuchi.feedback',
      'Read on topic tsuchi.journal',
      'Write on topic tsuchi.results',
      'Write on topic tsuchi.dead-letters',
      'Read on topic tsuchi.opt-outs',
      'Write on topic tsuchi.opt-outs',
      'Read on group tsuchi-intake',
      'Read on groups that begin with tsuchi-dispatch-journal- (resource pattern type prefixed)',
      'Read on groups that begin with tsuchi-dispatch-opt-outs- (resource pattern type prefixed)',
    ])('%s', async (acl) => {
      await without(acl)
      // At its start, or a moment later.
      const fault = await at.startWorker({ mayDie: true }).then(
        (worker) =>
          worker.done
            .finally(() => worker.stop())
            .then(
              () => undefined,
              (error: Error) => error,
            ),
        (error: Error) => error,
      )
      expect(fault?.message).toMatch(/Not authorized|may not be described by this user/)
    })

    test('Write on topic tsuchi.requests: intake stalls, and says why', async () => {
      await without('Write on topic tsuchi.requests')
      const worker = await at.startWorker({ mayDie: true })
      onTestFinished(() => worker.stop())
      await at.produceOne('payment-due', paymentDue({ id: 'C-2', phone: '09012345678' }))
      await vi.waitUntil(() => at.log.some((line) => /"intake-stalled".*Not authorized to access topics/.test(line)), {
        timeout: PATIENCE_MS,
      })
    })
  })

  test('whoever creates the topics needs those ACLs and no other, the first time and the second', async () => {
    const prefix = `${at.name}-new`
    const acls = aclsOf({ ...at.config, topics: { ...at.config.topics, prefix } }, ['topics-create'], [])
    const owner = await asOwner((yaml) => yaml.replace(`prefix: ${at.name}`, `prefix: ${prefix}`))
    const denied = await tsuchi(owner, ['topics', 'create'])
    expect(denied).toMatchObject({ code: 1, stderr: expect.stringContaining(`Create on topic ${prefix}.requests`) })
    await allowOwner(acls)
    expect(await tsuchi(owner, ['topics', 'create'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`wrote the immutables into ${prefix}.journal`),
    })
    expect(await tsuchi(owner, ['topics', 'create'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('has its immutables'),
    })
  })

  test.each<[AclUse, string[]]>([
    ['reconcile', ['reconcile', '--date', '2026-10-31']],
    ['channels', ['channels', 'resume', 'main']],
    ['topics-upgrade', ['topics', 'upgrade', '--yes']],
    ['dead-letters', ['dead-letters', 'list']],
  ])('whoever may do what --for %s prints, and nothing else, can', async (use, command) => {
    const acls = aclsFor(use)
    onTestFinished(async () => {
      await disallow(admin, acls, 'owner')
    })
    await allowOwner(acls)
    const owner = await asOwner()
    expect(await tsuchi(owner, command)).toMatchObject({ code: 0 })
  })

  test.each(['plain', 'scram-sha-256'])('%s with the right one works', async (mechanism) => {
    const { sasl } = at.config.kafka
    if (!sasl || (mechanism !== 'plain' && mechanism !== 'scram-sha-256')) throw new Error('the test wants SASL')
    const config = { ...at.config, kafka: { ...at.config.kafka, sasl: { ...sasl, mechanism } } } as const
    expect(await accessFaults(config, ['intake'], [])).toEqual([])
  })

  test.concurrent.each(['plain', 'scram-sha-256', 'scram-sha-512'])(
    '%s with a wrong password: kafka.sasl is named',
    async (mechanism) => {
      const configFile = join(at.directory, `${mechanism}.yaml`)
      const yaml = await readFile(at.configFile, 'utf8')
      const wrong = yaml.replace(`password: ${PASSWORDS.tsuchi}`, 'password: wrong')
      await writeFile(configFile, wrong.replace('mechanism: scram-sha-512', `mechanism: ${mechanism}`))
      const { code, stderr } = await tsuchi({ configFile, env: at.env }, ['run'])
      expect({ code, lines: stderr.trimEnd().split('\n') }).toEqual({
        code: 1,
        lines: [
          expect.stringMatching(/^Kafka: SASL .* authentication failed/),
          'The brokers do not take this user: are mechanism, username and password of kafka.sasl right?',
        ],
      })
    },
  )
})

const UNHEARD = { routine: () => {}, info: () => {}, warn: () => {}, error: () => {} }
