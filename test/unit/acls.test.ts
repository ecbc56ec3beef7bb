import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { aclCommands } from '../../src/kafka/acl-commands.ts'
import { ACL_USES, type AclUse, aclsFor, formatAcl, NEEDS, type Need } from '../../src/kafka/acls.ts'
import { deniedOf, explainDenied, remedyOf } from '../../src/kafka/denied.ts'
import { topicNames } from '../../src/kafka/topics.ts'

const NAMES = { prefix: 'tsuchi', group: 'tsuchi', domainTopics: ['billing.payment-due', 'network.outage'] }
const lines = (...uses: AclUse[]) => aclsFor(uses, NAMES).map(formatAcl)

describe('the least ACLs', () => {
  test('of intake alone: it reads events, and writes requests and dead letters', () => {
    expect(lines('intake').filter((line) => !line.startsWith('Describe'))).toEqual([
      'Read on topic billing.payment-due',
      'Read on topic network.outage',
      'Read on group tsuchi-intake',
      'Write on topic tsuchi.requests',
      'Read on topic tsuchi.journal',
      'Write on topic tsuchi.dead-letters',
    ])
  })

  test('Describe is left out where Read or Write imply it', () => {
    expect(lines('dispatch').filter((line) => line.startsWith('Describe on'))).toEqual(['Describe on topic tsuchi.friend-events'])
  })

  test('what two uses need is named once, with the reasons of both', () => {
    const acls = aclsFor(['dispatch', 'check'], NAMES)
    expect(new Set(acls.map(formatAcl)).size).toBe(acls.length)
    expect(acls.find((acl) => formatAcl(acl) === 'Read on topic tsuchi.journal')?.why).toBe(
      'state is restored; the immutables are compared',
    )
  })

  test('names follow topics.prefix and kafka.group, each where it belongs', () => {
    const acls = aclsFor(['dispatch', 'check'], { ...NAMES, prefix: 'notify.prod', group: 'crm' })
    const found = acls.map(({ name }) => name)
    expect(found).toContain('notify.prod.journal')
    expect(found).toContain('crm-dispatch-journal-')
    expect(found).toContain('notify.prod.journal-journal-')
    expect(found.filter((name) => name.includes('tsuchi') || name.includes('{'))).toEqual([])
  })

  test('two routes that read one topic need it once', () => {
    const acls = aclsFor(['intake'], { ...NAMES, domainTopics: ['a', 'a'] })
    expect(acls.filter(({ name }) => name === 'a')).toHaveLength(1)
  })

  test('of the webhook: with signed bodies from a topic it reads that, as a group, and sets aside what it does not take', () => {
    const http = lines('webhook')
    expect(
      aclsFor(['webhook'], { ...NAMES, webhookTopic: 'line.webhooks' })
        .map(formatAcl)
        .filter((line) => !http.includes(line)),
    ).toEqual(['Read on topic line.webhooks', 'Read on group tsuchi-webhook', 'Write on topic tsuchi.dead-letters'])
    expect(aclsFor(['dead-letters-replay'], { ...NAMES, webhookTopic: 'line.webhooks' }).map(formatAcl)).toContain(
      'Write on topic line.webhooks',
    )
  })

  test('nothing needs an operation on the cluster, nor may anything be deleted or altered', () => {
    const all = ACL_USES.flatMap((use) => aclsFor([use], NAMES))
    expect(new Set(all.map(({ resource }) => resource))).toEqual(new Set(['topic', 'group', 'transactional-id']))
    expect(new Set(all.map(({ operation }) => operation))).toEqual(
      new Set(['Read', 'Write', 'Create', 'Describe', 'DescribeConfigs']),
    )
  })
})

describe('the commands', () => {
  test('one for all that need the same, prefixes as prefixes, words as a shell takes them', () => {
    const acls = aclsFor(['dispatch'], NAMES)
    const printed = aclCommands(acls, { principal: "User:CN=o'neill", brokers: ['b-1:9092', 'b-2:9092'] })
    expect(printed.split('\n').filter((line) => /transactional|--group/.test(line))).toEqual([
      '  --operation Read --group tsuchi-dispatch',
      '  --operation Read --resource-pattern-type prefixed --group tsuchi-dispatch-journal- --group tsuchi-dispatch-opt-outs-',
      '  --operation Write --resource-pattern-type prefixed --transactional-id tsuchi-dispatch-',
    ])
    expect(printed).toContain(
      `kafka-acls.sh --bootstrap-server b-1:9092,b-2:9092 --command-config admin.properties --add --allow-principal 'User:CN=o'\\''neill' \\`,
    )
  })

  test('together they name every ACL', () => {
    const acls = aclsFor(ACL_USES, NAMES)
    const printed = aclCommands(acls, { principal: 'User:tsuchi', brokers: ['b:9092'] }).split('\n')
    for (const { resource, name, operation, pattern } of acls)
      expect(
        printed.some(
          (line) =>
            line.includes(`--operation ${operation} `) &&
            `${line} `.includes(`--${resource} ${name} `) &&
            line.includes('prefixed') === (pattern === 'prefixed'),
        ),
      ).toBe(true)
  })
})

describe('an error of kafkajs', () => {
  const denied = (type: string) => Object.assign(new Error('Not authorized'), { name: 'KafkaJSProtocolError', type })

  test.each([
    ['TOPIC_AUTHORIZATION_FAILED', 'a topic'],
    ['GROUP_AUTHORIZATION_FAILED', 'a consumer group'],
    ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'a transactional id'],
    ['CLUSTER_AUTHORIZATION_FAILED', 'the cluster'],
  ])('%s: an ACL is missing on %s', (type, what) => {
    expect(explainDenied(denied(type))).toBe(
      `The brokers do not allow this user something on ${what}: an ACL is missing. \`tsuchi check\` says which, and \`tsuchi acls\` prints the commands that add it`,
    )
  })

  test('also when kafkajs has wrapped or gathered it', () => {
    const error = denied('GROUP_AUTHORIZATION_FAILED')
    expect(deniedOf(new Error('in vain', { cause: error }))).toBe('group')
    expect(deniedOf(new AggregateError([new Error('another'), error]))).toBe('group')
    expect(deniedOf(denied('UNKNOWN_TOPIC_OR_PARTITION'))).toBeUndefined()
    expect(explainDenied(undefined)).toBeUndefined()
  })

  test.each([
    ['KafkaJSSASLAuthenticationError', undefined, /kafka\.sasl right\?/],
    ['KafkaJSProtocolError', 'ILLEGAL_SASL_STATE', /wants no SASL/],
    ['KafkaJSConnectionClosedError', undefined, /want kafka\.sasl, or TLS/],
    ['KafkaJSConnectionError', undefined, /kafka\.brokers right/],
  ])('%s %s: the setting that may be wrong is named', (name, type, remedy) => {
    expect(remedyOf(Object.assign(new Error('as kafkajs says'), { name, ...(type && { type }) }))).toMatch(remedy)
  })
})

test('the table in docs/acls.md is the list', () => {
  const document = readFileSync(new URL('../../docs/acls.md', import.meta.url), 'utf8')
  const rows = document.split('\n').filter((line) => /^\| `/.test(line))
  expect(rows).toEqual(NEEDS.map(rowOf))
})

const rowOf = ({ uses, operation, on, why }: Need): string =>
  `| ${uses.map((use) => `\`${use}\``).join(' ')} | ${operation} | ${nameOf(on)} | ${why} |`

const nameOf = (on: Need['on']): string => {
  const own = topicNames('{prefix}')
  if (on in own) return `topic \`${own[on as keyof typeof own]}\``
  const [, kind, name] = /^(group|transactional id) (.+)$/.exec(on) ?? []
  return kind ? `${kind} \`${name}\`` : on
}
