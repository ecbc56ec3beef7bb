import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** One that was started for this bench. */
export interface OwnProcess {
  readonly pid: number
  /** User and system time, s. */
  cpuSeconds(): Promise<number>
}

/** The broker, if it runs on the local JVM, and the LINE simulator, by words of their command lines. */
export const BROKER = 'kafka.Kafka'
export const SIMULATOR = 'line-simulator'

/** Among our descendants alone; undefined: it runs elsewhere, as in a container. */
export const ownProcess = async (words: string): Promise<OwnProcess | undefined> => {
  const { stdout } = await run('ps', ['-A', '-ww', '-o', 'pid=,ppid=,args='], { maxBuffer: 64 << 20 })
  const all = stdout.split('\n').flatMap((line) => {
    const [, pid, parent, command = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? []
    return pid === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), command }]
  })
  const under = (pid: number): typeof all =>
    all.filter(({ parent }) => parent === pid).flatMap((each) => [each, ...under(each.pid)])
  // The shell that holds it on a leash has the whole command in its own.
  const found = under(process.pid).find(({ command }) => command.includes(words) && !command.startsWith('/bin/sh '))
  return found && { pid: found.pid, cpuSeconds: () => cpuSecondsOf(found.pid) }
}

/** `ps` says `[[days-]hours:]minutes:seconds`. */
const cpuSecondsOf = async (pid: number): Promise<number> => {
  const { stdout } = await run('ps', ['-o', 'time=', '-p', String(pid)])
  const [clock = '', days = '0'] = stdout.trim().split('-').reverse()
  return clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) + Number(days) * 86_400
}
