import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { leash } from '../../dev/leash.ts'

test.each([
  ['with its directory', async () => {}],
  ['without the directory that somebody has removed meanwhile', (directory: string) => rm(directory, { recursive: true })],
])('a child ends when it is told to, %s', async (_how, before) => {
  const directory = join(tmpdir(), `tsuchi-leash-${process.pid}-${performance.now()}`)
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const child = leash(['/bin/sh', '-c', 'echo begun; sleep 60'], directory)
  await expect.poll(child.log).toBe('begun\n')
  await before(directory)
  await child.end()
  expect(child.ended()).toEqual({ status: 143 })
})

test('a child is given the environment it is meant to have', async () => {
  const directory = join(tmpdir(), `tsuchi-leash-${process.pid}-${performance.now()}`)
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const child = leash(['/bin/sh', '-c', 'echo "$SECRET"'], directory, { ...process.env, SECRET: 'told' })
  await child.whenEnded
  expect(await child.log()).toBe('told\n')
})
