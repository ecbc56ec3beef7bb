import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Report } from '../../proof/chaos/report.ts'

const RUN = fileURLToPath(new URL('../../proof/chaos/run.ts', import.meta.url))

/** On a stack of its own, as the broker is restarted; `npm run chaos` has more of everything. */
test('a minute in which workers are killed, stand still and restart, the broker goes away and LINE has faults breaks no promise', async () => {
  const args = ['--minutes', '1', '--notifications', '1500', '--seed', '1']
  const child = spawn(process.execPath, ['--disable-warning=TimeoutNegativeWarning', RUN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk) => {
      said[name] += String(chunk)
    })
  }
  const [code] = await once(child, 'close')
  expect(code, `${said.stderr}\n${said.stdout}`).toBe(0)

  const report = JSON.parse(said.stdout.trimEnd().split('\n').at(-1) ?? '') as Omit<Report, 'table'>
  expect(report).toMatchObject({ verdict: { kept: true }, directory: null })
  const done = Object.entries(report.faults).flatMap(([kind, each]) => (each.done > 0 ? [kind] : []))
  expect(done).toEqual(expect.arrayContaining(['kill', 'freeze', 'restart', 'line', 'webhook']))
  expect([...done, ...report.leftOut]).toContain('broker')
}, 300_000)
