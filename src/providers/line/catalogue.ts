import { readFileSync } from 'node:fs'
import { z } from 'zod'
import shipped from './catalogue.json' with { type: 'json' }

/** The keys that an account may use, by key. LINE's own lists are longer (91 templates and 204 items in October 2025, of which the
 *  shipped ones are what is publicly readable), differ by country, and grow without notice: keys are data, irregular ones
 *  (`service_cancellationl_ja`, `check_shop_location`) included. */
export interface Catalogue {
  readonly templates: ReadonlyMap<string, CatalogueEntry>
  readonly items: ReadonlyMap<string, CatalogueEntry>
  readonly buttons: ReadonlyMap<string, CatalogueEntry>
}

/** What people see in LINE, as far as it is known: of an item or button its label is the `name`. */
export interface CatalogueEntry {
  readonly name: string | null
  readonly title: string | null
  readonly description: string | null
}

/** The file has another shape, or cannot be read. Quotes nothing of it: the path may lead elsewhere. */
export class CatalogueError extends Error {
  override readonly name = 'CatalogueError'
}

const text = z.string().nullable().default(null)
const keyed = z.array(z.looseObject({ key: z.string().min(1), name: text, title: text, description: text }))
const catalogueFile = z.looseObject({ templates: keyed, items: keyed, buttons: keyed })

const SHAPE = 'give it the shape {"templates":[{"key":"…"}],"items":[…],"buttons":[…]}'

/** Reads `{ templates, items, buttons }`, each a list of `{ key }`, with `name`, `title` and `description` where they are known; more
 *  is ignored. Throws CatalogueError. */
export const readCatalogue = (json: unknown): Catalogue => {
  const read = catalogueFile.safeParse(json)
  if (!read.success) throw new CatalogueError(`not a catalogue: ${placesOf(read.error.issues)}; ${SHAPE}`)
  const { templates, items, buttons } = read.data
  return { templates: byKey(templates), items: byKey(items), buttons: byKey(buttons) }
}

/** Throws CatalogueError. */
export const readCatalogueFile = (file: string, called = file): Catalogue => {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new CatalogueError(
      `${called} cannot be read (${code}): name the file with the keys of LINE's templates, or leave it out`,
    )
  }
  let json: unknown
  try {
    json = JSON.parse(text.replace(/^\ufeff/, ''))
  } catch {
    throw new CatalogueError(`${called} is not JSON: ${SHAPE}`)
  }
  return readCatalogue(json)
}

/** Of one file that are told. */
const MOST_PLACES = 5

const placesOf = (issues: readonly z.core.$ZodIssue[]): string => {
  const places = issues.slice(0, MOST_PLACES).map(({ path }) => `${formatPath(path)}: wanted ${wantedAt(path)}`)
  const beyond = issues.length - places.length
  return [...places, ...(beyond > 0 ? [`and ${beyond.toLocaleString('en')} places more`] : [])].join('; ')
}

const formatPath = (path: readonly PropertyKey[]): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .slice(1) || 'the file'

const wantedAt = (path: readonly PropertyKey[]): string => {
  const last = path.at(-1)
  if (last === undefined) return 'an object with the lists templates, items and buttons'
  if (path.length === 1) return 'a list of objects with key'
  if (typeof last === 'number') return 'an object with key'
  return last === 'key' ? 'a text that is not empty' : 'a text, or null'
}

const byKey = (entries: z.infer<typeof keyed>): ReadonlyMap<string, CatalogueEntry> =>
  new Map(entries.map(({ key, name, title, description }) => [key, { name, title, description }]))

export const SHIPPED_CATALOGUE: Catalogue = readCatalogue(shipped)
