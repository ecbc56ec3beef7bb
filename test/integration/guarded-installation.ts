import { existsSync } from 'node:fs'
import kafkajs, { type AclEntry, type Admin } from 'kafkajs'
import { jarDirectory } from '../../dev/jvm/jars.ts'
import { findJava, type GuardedBroker, startGuardedBroker, whyNoJvm } from '../../dev/jvm-stack.ts'
import type { Acl } from '../../src/kafka/acls.ts'

/** Where the stack is given or in Docker, a download is no part of this. */
export const hasJvm = existsSync(await jarDirectory(process.env)) && !(await whyNoJvm(await findJava(process.env), process.env))

export const PASSWORDS = { tsuchi: 'right', owner: 'other' }

/** A broker of its own, that allows its users nothing. */
export const startBroker = async (): Promise<GuardedBroker> =>
  startGuardedBroker({
    java: await findJava(process.env),
    env: process.env,
    users: PASSWORDS,
    onProgress: () => undefined,
  })

/** As `tsuchi acls` says it, in kafkajs's words. */
export const allow = (admin: Admin, acls: readonly Acl[], user = 'tsuchi') =>
  admin.createAcls({ acl: acls.map((acl) => entryOf(acl, user)) })

export const disallow = (admin: Admin, acls: readonly Acl[], user = 'tsuchi') =>
  admin.deleteAcls({ filters: acls.map((acl) => entryOf(acl, user)) })

const entryOf = ({ resource, pattern, name, operation }: Acl, user: string): AclEntry => ({
  resourceType: RESOURCES[resource],
  resourceName: name,
  resourcePatternType: PATTERNS[pattern],
  operation: OPERATIONS[operation],
  principal: `User:${user}`,
  host: '*',
  permissionType: kafkajs.AclPermissionTypes.ALLOW,
})

const RESOURCES = {
  topic: kafkajs.AclResourceTypes.TOPIC,
  group: kafkajs.AclResourceTypes.GROUP,
  'transactional-id': kafkajs.AclResourceTypes.TRANSACTIONAL_ID,
} as const

const PATTERNS = {
  literal: kafkajs.ResourcePatternTypes.LITERAL,
  prefixed: kafkajs.ResourcePatternTypes.PREFIXED,
} as const

const OPERATIONS = {
  Read: kafkajs.AclOperationTypes.READ,
  Write: kafkajs.AclOperationTypes.WRITE,
  Create: kafkajs.AclOperationTypes.CREATE,
  Describe: kafkajs.AclOperationTypes.DESCRIBE,
  DescribeConfigs: kafkajs.AclOperationTypes.DESCRIBE_CONFIGS,
} as const
