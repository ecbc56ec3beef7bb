import { expect, test } from 'vitest'
import { createSlots } from '../../src/providers/line/slots.ts'

const never = new AbortController().signal

test('a slot that is left goes to who has waited longest', async () => {
  const slots = createSlots(1)
  expect(await slots.enter(never)).toBe(true)
  const order: string[] = []
  const first = slots.enter(never).then((had) => order.push(`first ${had}`))
  const second = slots.enter(never).then((had) => order.push(`second ${had}`))
  slots.leave()
  await first
  expect(order).toEqual(['first true'])
  slots.leave()
  await second
  expect(order).toEqual(['first true', 'second true'])
})

test('who gives up waiting has no slot, and takes none', async () => {
  const slots = createSlots(1)
  await slots.enter(never)
  const deadline = new AbortController()
  const late = slots.enter(deadline.signal)
  const patient = slots.enter(never)
  deadline.abort()
  expect(await late).toBe(false)
  slots.leave()
  expect(await patient).toBe(true)
})

test('one who is admitted keeps the slot, whatever the signal says later', async () => {
  const slots = createSlots(1)
  await slots.enter(never)
  const deadline = new AbortController()
  const admitted = slots.enter(deadline.signal)
  slots.leave()
  deadline.abort()
  expect(await admitted).toBe(true)
})

test('who comes too late does not enter, though there is room', async () => {
  const slots = createSlots(1)
  expect(await slots.enter(AbortSignal.abort())).toBe(false)
  expect(await slots.enter(never)).toBe(true)
})
