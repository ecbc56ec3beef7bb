import { beforeAll, describe, expect, test } from 'vitest'
import { digestOf, phoneOf } from '../../src/line-simulator/people.ts'
import { paymentDue, reservationReminder } from './events.ts'
import { type Installation, install } from './installation.ts'

let at: Installation
beforeAll(async () => {
  at = await install()
  return at.close
})
beforeAll(async () => {
  await at.startWorker()
})

test('a template message that LINE takes ends accepted', async () => {
  await at.produce('ride-reminder', reservationReminder({ id: 'a', phone: phoneOf('reachable', 1) }))
  await at.produce('payment-due', paymentDue({ id: 'b', phone: phoneOf('reachable', 2) }))
  const ends = await at.results.untilTerminal(2, 4000).catch((e) => { console.log(at.log.filter((l) => l.includes('attempt') || l.includes('token')).join('')); throw e })
  expect(ends.map(({ status }) => status)).toEqual(['accepted', 'accepted'])
  console.log(at.sends(), ends)
})
