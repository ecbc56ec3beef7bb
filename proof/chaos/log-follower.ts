import { closeSync, openSync, readSync } from 'node:fs'

/** A line of a worker's log that is not about one attempt: those are many, and of no interest here. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly event: string; readonly trueTime: number }

export interface LogFollower {
  /** Reads what has come since. */
  look(): void
  close(): void
}

const CHUNK_BYTES = 1 << 20
const UNINTERESTING = /^\{"level":\d+,"time":"[^"]*","event":"(attempt|kafka)"/

/** Of a file that exists. `trueTime` is that of the line, whatever the clock of its worker: each jump of that is in the log as well. */
export const followLog = (file: string, onLine: (line: LogLine) => void): LogFollower => {
  const fd = openSync(file, 'r')
  const chunk = Buffer.alloc(CHUNK_BYTES)
  let rest = ''
  let aheadMs = 0
  const tell = (text: string) => {
    if (!text.startsWith('{') || UNINTERESTING.test(text)) return
    const line = jsonOf(text)
    if (!line || typeof line.event !== 'string') return
    if (line.event === 'chaos-clock') aheadMs = Number(line.aheadMs)
    else onLine({ ...line, event: line.event, trueTime: Date.parse(String(line.time)) - aheadMs })
  }
  return {
    look: () => {
      for (let read = readSync(fd, chunk); read > 0; read = readSync(fd, chunk)) {
        const lines = (rest + chunk.toString('utf8', 0, read)).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) tell(line)
      }
    },
    close: () => closeSync(fd),
  }
}

/** A process that is killed may leave half a line. */
const jsonOf = (text: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>
  } catch {
    return undefined
  }
}
