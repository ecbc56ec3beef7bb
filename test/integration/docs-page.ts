import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A page of the documentation, as somebody follows it who does what it says. */
export interface DocsPage {
  /** From the root: `docs/add-a-purpose.md`. */
  readonly file: string
  readonly steps: readonly Step[]
}

export type Step = FileStep | RunStep

/** A fenced block with a title, such as ```yaml title="routes/mine.yaml": a file to be written. */
export interface FileStep {
  readonly kind: 'file'
  readonly line: number
  readonly name: string
  readonly text: string
}

/** A fenced block of the language sh. Where the next block is of the language text, that is what it prints: `…` stands for anything within
 *  a line, and a line of its own `…` for any lines. */
export interface RunStep {
  readonly kind: 'run'
  readonly line: number
  readonly commands: readonly Command[]
  readonly prints: string | null
}

export interface Command {
  readonly line: number
  /** As written, with the lines that a backslash continues. */
  readonly text: string
}

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export const readPage = (file: string): DocsPage => {
  const blocks = blocksOf(readFileSync(new URL(file, `file://${ROOT}`), 'utf8'))
  const steps = blocks.flatMap(({ language, title, line, lines }, index): Step[] => {
    if (title !== null) return [{ kind: 'file', line, name: title, text: `${lines.join('\n')}\n` }]
    if (language !== 'sh') return []
    const next = blocks[index + 1]
    const prints = next?.language === 'text' && next.title === null ? next.lines.join('\n') : null
    return [{ kind: 'run', line, commands: commandsOf(lines, line + 1), prints }]
  })
  return { file, steps }
}

/** Links to other files of the repository, without anchors. */
export const linksOf = (file: string): string[] =>
  [...readFileSync(new URL(file, `file://${ROOT}`), 'utf8').matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^[a-z]+:/.test(link))

interface Block {
  readonly language: string
  readonly title: string | null
  /** Of the fence, from 1. */
  readonly line: number
  readonly lines: readonly string[]
}

const blocksOf = (text: string): Block[] => {
  const blocks: Block[] = []
  const lines = text.split('\n')
  for (let at = 0; at < lines.length; at++) {
    const fence = /^```(\w*)(.*)$/.exec(lines[at] ?? '')
    if (!fence) continue
    const [, language = '', info = ''] = fence
    const end = lines.indexOf('```', at + 1)
    if (end < 0) throw new Error(`line ${at + 1}: a fence that does not end`)
    const title = /title="([^"]+)"/.exec(info)?.[1] ?? null
    blocks.push({ language, title, line: at + 1, lines: lines.slice(at + 1, end) })
    at = end
  }
  return blocks
}

const commandsOf = (lines: readonly string[], first: number): Command[] => {
  const commands: Command[] = []
  let begun: { line: number; text: string } | undefined
  for (const [index, line] of lines.entries()) {
    begun = begun ? { line: begun.line, text: `${begun.text}\n${line}` } : { line: first + index, text: line }
    if (line.endsWith('\\')) continue
    if (begun.text.trim() !== '' && !begun.text.startsWith('#')) commands.push(begun)
    begun = undefined
  }
  return commands
}
