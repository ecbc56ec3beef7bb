import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { reservationReminder } from './events.ts'
import { type Installation, type InstallationOptions, install, installRunning } from './installation.ts'
import { tsuchi } from './tsuchi-command.ts'

const EXAMPLES = new URL('../../examples/', import.meta.url)

test('an example made fresh is sent, and another one that says the same to the same person is a duplicate', async () => {
  const at = await installRunning()
  onTestFinished(at.close)
  const { code, stdout, stderr } = await produce(at, example('payment-due'), '--fresh')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const place = placeIn(stdout)
  expect(place.topic).toBe(at.events['payment-due'])
  expect(await at.results.endOf(place)).toMatchObject({ status: 'accepted', customerId: 'C-10482', route: 'payment-due' })

  const again = placeIn((await produce(at, example('payment-due'), '--fresh')).stdout)
  expect(await at.results.endOf(again)).toMatchObject({ status: 'duplicate', reason: 'business-key' })
})

test('headers go along and name the event; the key is given', async () => {
  const at = await installRunning()
  onTestFinished(at.close)
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  const headers = ['ce_source=jp.example.other', 'ce_id=7', `traceparent=${traceparent}`]
  const { stdout, stderr } = await produce(
    at,
    example('reservation-reminder'),
    '--fresh',
    '--json',
    '--key',
    'R-88120',
    ...headers.flatMap((each) => ['--header', each]),
  )
  expect(stderr).toBe('')
  const end = await at.results.endOf(JSON.parse(stdout))
  expect(end.source).toMatchObject({ eventSource: 'jp.example.other', eventId: '7' })
  expect(end.record.headers).toMatchObject({ traceparent })
})

test('a route that goes by a CloudEvents type must be given it, as its producers do: a misspelt event is not hidden by it', async () => {
  const at = await installRunning({ routes: { 'reservation-reminder': { event: 'jp.example.reminder-due.v1' } } })
  onTestFinished(at.close)
  expect((await produce(at, example('reservation-reminder'), '--fresh')).stderr).toBe(
    'as a record jp.example.reservation.ReservationReminderDue without the header ce_type it would go to no route, not to reservation-reminder, whose event is jp.example.reminder-due.v1: correct that event, or give --header ce_type=jp.example.reminder-due.v1 if its producers write it\n',
  )
  const typed = ['--header', 'ce_type=jp.example.reminder-due.v1']
  const { stdout } = await produce(at, example('reservation-reminder'), '--fresh', ...typed)
  expect(await at.results.endOf(placeIn(stdout))).toMatchObject({
    status: 'accepted',
    source: { eventType: 'jp.example.reminder-due.v1' },
  })
  const other = await produce(at, example('reservation-reminder'), '--header', 'ce_type=other')
  expect(other.stderr).toBe(
    'with the header ce_type as given it would go to no route, not to reservation-reminder: leave it out, or give ce_type=jp.example.reminder-due.v1\n',
  )
})

test.each<[what: string, options: InstallationOptions, says: RegExp]>([
  [
    'in production',
    { config: { environment: 'production' } },
    /says environment: production, .* use a configuration with environment: development\n$/,
  ],
  [
    'where people may get it',
    { config: { channels: { main: { provider: 'line' } } } },
    /^people may get this: channel main of route payment-due reaches LINE \(provider: line, mode: live\)\. .* or give --yes\n$/,
  ],
])('%s nothing is produced', async (_what, options, says) => {
  const at = await install(options)
  onTestFinished(at.close)
  const refused = await produce(at, example('payment-due'), '--fresh')
  expect(refused).toMatchObject({ code: 1, stdout: '' })
  expect(refused.stderr).toMatch(says)
  expect(await recordsIn(at, at.events['payment-due'])).toBe(0)
})

test('whoever knows that people may get it says so', async () => {
  const at = await install({ config: { channels: { main: { provider: 'line' } } } })
  onTestFinished(at.close)
  expect(await produce(at, example('payment-due'), '--fresh', '--yes')).toMatchObject({ code: 0 })
  expect(await recordsIn(at, at.events['payment-due'])).toBe(1)
})

test('what does not fit the schema is not produced, and the faults name fields and shapes, never values', async () => {
  const at = await install()
  onTestFinished(at.close)
  const file = join(at.directory, 'event.json')
  const sound = reservationReminder({ id: 'C-1', phone: '090-1234-5678' })
  await writeFile(file, JSON.stringify({ ...sound, startsAt: 'tomorrow', customer: { id: 'C-1', phone: 9012345678 } }))
  const misfit = await produce(at, file, '--route', 'reservation-reminder')
  expect(misfit.code).toBe(1)
  expect(misfit.stderr).toBe(
    `the event does not fit the schema of ${at.events['reservation-reminder']}-value:
  customer.phone: wanted a string, found a whole number
  startsAt: wanted a whole number (long), found a text of the shape AAAAAAAA (8 characters)
`,
  )

  await writeFile(file, JSON.stringify({ ...sound, customer: { id: 'C-1', phone: '090-1234-5678', nmae: '山田' } }))
  const misspelt = await produce(at, file, '--route', 'reservation-reminder')
  expect(misspelt.stderr).toMatch(/customer\.nmae: the schema has no such field, so the route does not see it; nearest: name, /)
  expect(misspelt.stderr).not.toMatch(/山田|5678/)

  await writeFile(file, '{ "phone": "090-1234-5678" ')
  expect(await produce(at, file)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/event\.json is not JSON: line 1, column 28: wanted , or \}$/m),
  })
})

test('an unknown route is told which there are, and a missing topic or schema who makes it', async () => {
  const at = await install()
  onTestFinished(at.close)
  const unknown = await produce(at, example('payment-due'), '--route', 'payment-dew')
  expect(unknown.stderr).toMatch(/^there is no route payment-dew: name one with --route, such as payment-due, /)

  const route = join(at.directory, 'routes', 'payment-due.yaml')
  await writeFile(route, (await readFile(route, 'utf8')).replace(at.events['payment-due'], `${at.name}.nowhere`))
  const nowhere = await produce(at, example('payment-due'), '--fresh')
  expect(nowhere.stderr).toMatch(
    /no schema to be had of .*\.nowhere-value \(.*\): its producer registers one; for development: `tsuchi schemas register --events`/,
  )
  expect(nowhere.stderr).not.toMatch(/ {4}at /) // no stack
})

const example = (name: string): string => new URL(`${name}.json`, EXAMPLES).pathname

const produce = (at: Installation, file: string, ...options: readonly string[]) => tsuchi(at, ['produce', file, ...options])

/** As it is printed: topic/partition/offset. */
const placeIn = (stdout: string) => {
  const [topic = '', partition, offset] = stdout.trimEnd().split('/')
  return { topic, partition: Number(partition), offset: Number(offset) }
}

const recordsIn = async (at: Installation, topic: string): Promise<number> => {
  const admin = at.kafka.admin()
  await admin.connect()
  try {
    return (await admin.fetchTopicOffsets(topic)).reduce((sum, { high }) => sum + Number(high), 0)
  } finally {
    await admin.disconnect()
  }
}
