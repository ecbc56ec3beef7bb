import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { type Command, type DocsPage, ROOT, type RunStep, type Step } from './docs-page.ts'
import { PATIENCE_MS } from './patience.ts'

/** Whoever follows the pages: a folder that stands for the repository's, and a terminal or more. */
export interface Reader {
  /** Does what the page says from top to bottom. Throws at the first thing that is not as the page says, with the place. */
  follow(page: DocsPage): Promise<void>
  /** Ends what still runs, and removes the folder. */
  leave(): Promise<void>
}

export interface ReaderOptions {
  /** Of every terminal. */
  readonly env: Readonly<Record<string, string>>
  /** What the pages call one thing and this machine another, as names and ports on it are shared: written, run and compared so. */
  readonly names?: Readonly<Record<string, string>>
}

/** Not run, and why. */
export const NOT_RUN: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/^npm ci && npm run demo$/, 'what the tests run on is installed, and demo.test.ts runs the demo'],
  [/^npm ci && npm test$/, 'would run itself'],
  [/^npm run stack$/, 'the tests have a stack already; stack.test.ts starts one'],
  [/^export TSUCHI_PEPPER=/, 'the installation of the test has its secrets, and its topics know its pepper'],
]

/** Run until the reader leaves. They have started when they have said so. */
const STAYING: readonly (readonly [pattern: RegExp, started: RegExp])[] = [
  [/^npx tsuchi run\b/, /"event":"started"/],
  [/^npx tsuchi line-simulator\b/, /^http:/m],
  [/^npx node examples\/(consumers|account-link)\/[a-z-]+\.ts [^-\s]+( --port \d+)?$/, /Ctrl-C ends it/],
]

/** They only look: whoever is too early looks again. */
const LOOKING = /^(npx tsuchi trace|curl -s|npx node examples\/consumers\/crm\.ts \S+ --summary)\b/

const LOOK_AGAIN_MS = PATIENCE_MS
const COMMAND_MS = PATIENCE_MS

const KNOWN = /^(npx tsuchi|npx node|curl|mkdir|cp|cat|export|npm run stack -- --help)(\s|$)/

export const openReader = async ({ env, names = {} }: ReaderOptions): Promise<Reader> => {
  const home = await mkdtemp(join(tmpdir(), 'tsuchi-docs-'))
  const repository = join(home, 'tsuchi')
  await mkdir(repository)
  for (const name of ['deploy', 'docs', 'examples', 'routes', 'schemas'])
    await cp(join(ROOT, name), join(repository, name), { recursive: true })
  for (const name of ['node_modules', 'package.json', 'src']) await symlink(join(ROOT, name), join(repository, name))
  await layOutTools(home)
  const terminal = {
    HOME: home,
    PATH: [join(home, 'bin'), process.env.PATH ?? ''].join(delimiter),
    NODE_OPTIONS: '--disable-warning=TimeoutNegativeWarning',
    ...env,
  }
  const staying: ChildProcess[] = []
  const here = (text: string) => swap(text, Object.entries(names))
  const asWritten = (text: string) =>
    swap(
      text,
      Object.entries(names).map(([docs, actual]) => [actual, docs]),
    )

  const take = async (step: Step, file: string): Promise<void> => {
    if (step.kind === 'file') {
      const path = join(repository, here(step.name))
      await mkdir(dirname(path), { recursive: true })
      return writeFile(path, here(step.text))
    }
    const looks = step.commands.every(({ text }) => LOOKING.test(text))
    const until = performance.now() + (looks ? LOOK_AGAIN_MS : 0)
    for (;;)
      try {
        return await runAll(step, file)
      } catch (fault) {
        if (performance.now() >= until) throw fault
      }
  }

  const runAll = async (step: RunStep, file: string): Promise<void> => {
    let printed = ''
    for (const command of step.commands) {
      const place = `${file}:${command.line}`
      if (NOT_RUN.some(([pattern]) => pattern.test(command.text))) continue
      const known = command.text.split(/\s+(?:&&|\|)\s+/).filter((part) => !KNOWN.test(part))
      if (known.length > 0) throw new Error(`${place}: the harness does not know how to run \`${known[0]}\`: see docs-shell.ts`)
      const started = STAYING.find(([pattern]) => pattern.test(withoutComment(command)))?.[1]
      if (started) staying.push(await startStaying(here(command.text), started, place))
      else printed += await run(here(command.text), place)
    }
    if (step.prints !== null && !shows(step.prints, asWritten(printed).trimEnd()))
      throw new Error(`${file}:${step.line} prints\n${asWritten(printed)}\nand not, as the page says,\n${step.prints}`)
  }

  /** What it exports is there for what comes after. */
  const run = async (text: string, place: string): Promise<string> => {
    const kept = join(home, 'exports')
    const script = `set -euo pipefail; [ ! -e ${kept} ] || . ${kept}; ${text}\nexport -p > ${kept}`
    const child = spawn('bash', ['-c', script], {
      cwd: repository,
      env: terminal,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // a group of its own: what bash has started ends with it
    })
    const output = collect(child)
    const patience = setTimeout(() => child.pid && process.kill(-child.pid, 'SIGKILL'), COMMAND_MS)
    const [code] = await once(child, 'close')
    clearTimeout(patience)
    if (code !== 0) throw new Error(`${place}: \`${text}\` ended with ${code}:\n${output.text()}`)
    return output.text()
  }

  const startStaying = async (text: string, started: RegExp, place: string): Promise<ChildProcess> => {
    const script = `[ ! -e ${join(home, 'exports')} ] || . ${join(home, 'exports')}; exec ${text}`
    const child = spawn('bash', ['-c', script], { cwd: repository, env: terminal, stdio: ['ignore', 'pipe', 'pipe'] })
    const output = collect(child)
    while (!started.test(output.text())) {
      await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), once(child, 'close')])
      if (child.exitCode !== null) throw new Error(`${place}: \`${text}\` ended with ${child.exitCode}:\n${output.text()}`)
    }
    return child
  }

  return {
    follow: async ({ file, steps }) => {
      for (const step of steps) await take(step, file)
    },
    leave: async () => {
      for (const child of staying.toReversed()) {
        if (child.exitCode !== null || child.signalCode !== null) continue
        const closed = once(child, 'close')
        child.kill('SIGINT')
        await closed
      }
      await rm(home, { recursive: true })
    },
  }
}

/** npx as in the repository's folder: tsuchi, and the Node that npm ci has installed beside it. */
const layOutTools = async (home: string): Promise<void> => {
  await mkdir(join(home, 'bin'))
  const node = process.execPath
  await symlink(node, join(home, 'bin', 'node'))
  const write = (name: string, body: string) => writeFile(join(home, 'bin', name), `#!/bin/sh\n${body}\n`, { mode: 0o755 })
  await write(
    'npx',
    `tool="$1"; shift
case "$tool" in
  tsuchi) exec ${node} ${join(ROOT, 'src', 'cli.ts')} "$@" ;;
  node) exec ${node} "$@" ;;
  *) echo "npx $tool: not in these tests" >&2; exit 127 ;;
esac`,
  )
  await write('npm', `[ "$*" = "run stack -- --help" ] && exec ${node} ${join(ROOT, 'dev', 'up.ts')} --help; exit 127`)
}

/** The longest first: a name may be part of another. */
const swap = (text: string, pairs: readonly (readonly [from: string, to: string])[]): string =>
  pairs.toSorted(([a], [b]) => b.length - a.length).reduce((so, [from, to]) => so.replaceAll(from, to), text)

const withoutComment = ({ text }: Command): string => text.replace(/\s+#.*$/, '')

const collect = (child: ChildProcess): { text(): string } => {
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
  return { text: () => text }
}

/** Whether the page shows what was printed. `…` stands for anything within its line; alone in a line, for any lines. */
export const shows = (shown: string, printed: string): boolean => {
  const wanted = shown.split('\n')
  const lines = printed.split('\n')
  let from = 0
  // Between two wildcards the first place that fits will do: what comes after has the more lines to choose from.
  const parts = partsBetween(wanted, (line) => line.trim() === '…').map((part) => part.map(lineMatcher))
  for (const [index, part] of parts.entries()) {
    const last = index === parts.length - 1
    const earliest = last ? Math.max(from, lines.length - part.length) : from
    const latest = index === 0 ? from : lines.length - part.length
    const places = Array.from({ length: Math.max(0, latest - earliest + 1) }, (_, offset) => earliest + offset)
    const place = places.find((at) => part.every((matcher, offset) => matcher.test(lines[at + offset] ?? '\n')))
    if (place === undefined) return false
    from = place + part.length
  }
  return from === lines.length || wanted.at(-1)?.trim() === '…'
}

const partsBetween = (lines: readonly string[], isBorder: (line: string) => boolean): string[][] => {
  const parts: string[][] = [[]]
  for (const line of lines) isBorder(line) ? parts.push([]) : parts.at(-1)?.push(line)
  return parts
}

const lineMatcher = (line: string): RegExp =>
  new RegExp(
    `^${line
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  )
