import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { describe } from '../value-shape.ts'
import { readJson } from './json-text.ts'

/** There is no event to be had of a file. Says what was found, without quoting it, and what to do: it names people. */
export class EventFileError extends Error {
  override readonly name = 'EventFileError'
}

/** One event as people write it: in JSON, in a file, or `-` for stdin. Throws EventFileError. */
export const readEventFile = (file: string): object => {
  const name = eventFileName(file)
  const value = jsonOf(name, textOf(name, bytesOf(file)))
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new EventFileError(`${name}: an event is a JSON object, found ${describe(value)}`)
}

/** In messages. */
export const eventFileName = (file: string): string => (file === '-' ? 'the event' : file)

const bytesOf = (file: string): Buffer => {
  try {
    return readFileSync(file === '-' ? 0 : file)
  } catch (cause) {
    throw new EventFileError(
      `${file} cannot be read (${(cause as NodeJS.ErrnoException).code}): name a file with an event as JSON, or - for stdin`,
    )
  }
}

/** Without a character that stands for what could not be read: it would go out to people. */
const textOf = (name: string, bytes: Buffer): string => {
  if (isUtf8(bytes)) return bytes.toString('utf8')
  let [sound, broken] = [0, bytes.length + 1]
  while (broken - sound > 1) {
    const middle = (sound + broken) >>> 1
    if (mayGoOn(bytes.subarray(0, middle))) sound = middle
    else broken = middle
  }
  throw new EventFileError(`${name} is not UTF-8, at byte ${sound} (counted from 0): save it as UTF-8`)
}

/** Its end may be the middle of a character. */
const mayGoOn = (bytes: Buffer): boolean => {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
    return true
  } catch {
    return false
  }
}

const jsonOf = (name: string, text: string): unknown => {
  const reading = readJson(text)
  if (reading.kind === 'value') return reading.value
  const { line, column } = reading
  if (reading.kind === 'twice')
    throw new EventFileError(
      `${name}: line ${line}, column ${column}: its object has this field already; take one of the two away`,
    )
  throw new EventFileError(`${name} is not JSON: line ${line}, column ${column}: wanted ${reading.wanted}`)
}
