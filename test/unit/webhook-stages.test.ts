import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stagesOf } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'

const without = loadConfig(join(import.meta.dirname, '../../deploy/development.yaml'), {
  KAFKA_BROKERS: 'localhost:9092',
  SCHEMA_REGISTRY_URL: 'http://localhost:8081',
})
const [channel] = Object.values(without.channels)
if (!channel) throw new Error('the configuration has no channel')
const withWebhook = {
  ...without,
  channels: { main: { ...channel, webhook: { destination: 'U8e742f61d673b39c7fff3cecb7536ef0', secrets: ['a secret'] } } },
}

test('webhooks are taken by every worker that is not told otherwise, where a channel has one', () => {
  expect(stagesOf(without)).toEqual(['intake', 'dispatch'])
  expect(stagesOf(withWebhook)).toEqual(['intake', 'dispatch', 'webhook'])
  expect(stagesOf(withWebhook, 'dispatch')).toEqual(['dispatch'])
  expect(stagesOf(withWebhook, 'webhook')).toEqual(['webhook'])
})

test('--only webhook without any is a fault of the configuration, with what to write', () => {
  expect(() => stagesOf(without, 'webhook')).toThrow(
    'channels: none has a webhook, so there is nothing to take in; give one `webhook: { destination, secrets }`, or leave out `--only webhook`',
  )
})
