import { readFileSync } from 'node:fs'
import { ProduceError } from './produce-error.ts'

/** One event as JSON; a file, or `-` for standard input. Quotes nothing of it: it names people. */
export const readEventFile = (file: string): object => {
  const value = parse(file, readText(file))
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new ProduceError(
    `${file} holds ${Array.isArray(value) ? 'a list' : `a ${typeof value}`}: write one event, as a JSON object`,
  )
}

const readText = (file: string): string => {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (cause) {
    throw new ProduceError(`${file} cannot be read (${(cause as NodeJS.ErrnoException).code}): name a file with an event as JSON`)
  }
}

const parse = (file: string, text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw new ProduceError(`${file} is not JSON: see examples/ for events of the shipped routes`)
  }
}
