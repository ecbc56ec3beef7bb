/** Of what a process printed before it ended, what says why: from its last error on, and the end. Long lines and traces are cut: the
 *  first line has the reason. */
export const reasonIn = (printed: string): string => {
  const lines = printed.trimEnd().split('\n')
  const at = lines.findLastIndex((line) => ERROR.test(line))
  const from = at < 0 ? Math.max(0, lines.length - FIRST - LAST) : at
  const shown =
    lines.length - from <= FIRST + LAST ? lines.slice(from) : [...lines.slice(from, from + FIRST), '…', ...lines.slice(-LAST)]
  return shown.map((line) => (line.length > COLUMNS_SHOWN ? `${line.slice(0, COLUMNS_SHOWN)}…` : line)).join('\n')
}

/** A line of the log at error or fatal, by pino's numbers; or the first line of a trace, `TypeError: …`. */
const ERROR = /^\{"level":[56]0,|^(Uncaught )?\w*(Error|Exception)\b.*:/

const FIRST = 7
const LAST = 3
const COLUMNS_SHOWN = 400
