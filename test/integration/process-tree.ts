import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Process {
  readonly pid: number
  readonly parent: number
  readonly started: string
  readonly command: string
}

export const descendants = async (ancestor: number | undefined): Promise<Process[]> => {
  const all = await processes()
  const under = (pid: number): Process[] =>
    all.filter(({ parent }) => parent === pid).flatMap((process) => [process, ...under(process.pid)])
  return ancestor === undefined ? [] : under(ancestor)
}

/** By start time too: process ids are used again. */
export const alive = async (family: readonly Process[]): Promise<Process[]> => {
  const now = await processes()
  return family.filter(({ pid, started }) => now.some((process) => process.pid === pid && process.started === started))
}

const processes = async (): Promise<Process[]> => {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=,stat=,lstart=,comm='])
  return stdout
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\d+\s+\S+\s+\d+)\s+(.*)$/.exec(line))
    .flatMap((match) => (match ? [match] : []))
    .filter(([, , , state]) => !state?.startsWith('Z'))
    .map(([, pid, parent, , started = '', command = '']) => ({ pid: Number(pid), parent: Number(parent), started, command }))
}
