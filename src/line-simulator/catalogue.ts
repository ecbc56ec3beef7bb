import { z } from 'zod'
import shipped from './catalogue.json' with { type: 'json' }

/** The keys the simulated account may use. LINE's own lists are longer (91 templates and 204 items in October 2025, of which these
 *  are the publicly readable ones) and grow without notice: keys are data, irregular ones (`service_cancellationl_ja`,
 *  `check_shop_location`) included. */
export interface Catalogue {
  readonly templates: ReadonlySet<string>
  readonly items: ReadonlySet<string>
  readonly buttons: ReadonlySet<string>
}

const keyed = z.array(z.looseObject({ key: z.string().min(1) }))
const catalogueFile = z.looseObject({ templates: keyed, items: keyed, buttons: keyed })

/** Reads a file of the shape of `catalogue.json`: `{ templates, items, buttons }`, each a list of `{ key }`; more is ignored.
 *  Throws when it has another shape. */
export const readCatalogue = (json: unknown): Catalogue => {
  const read = catalogueFile.safeParse(json)
  if (!read.success) {
    throw new Error(
      `not a catalogue: ${z.prettifyError(read.error)}\ngive it the shape {"templates":[{"key":"…"}],"items":[…],"buttons":[…]}`,
    )
  }
  return { templates: keysOf(read.data.templates), items: keysOf(read.data.items), buttons: keysOf(read.data.buttons) }
}

const keysOf = (entries: readonly { key: string }[]): ReadonlySet<string> => new Set(entries.map((entry) => entry.key))

export const SHIPPED_CATALOGUE: Catalogue = readCatalogue(shipped)
