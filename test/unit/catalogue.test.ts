import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readCatalogue, readCatalogueFile } from '../../src/providers/line/catalogue.ts'
import { folderOf } from './route-folder.ts'

const SHAPE = 'give it the shape {"templates":[{"key":"…"}],"items":[…],"buttons":[…]}'
const EMPTY = { templates: [], items: [], buttons: [] }

test.each([
  [null, 'the file: wanted an object with the lists templates, items and buttons'],
  [{ templates: [], items: {} }, 'items: wanted a list of objects with key; buttons: wanted a list of objects with key'],
  [
    { ...EMPTY, items: ['c4nary', { key: '' }, { key: 'a', name: 1 }] },
    'items[0]: wanted an object with key; items[1].key: wanted a text that is not empty; items[2].name: wanted a text, or null',
  ],
])('what is no catalogue is told by its places, and quoted nowhere: %j', (json, places) => {
  expect(() => readCatalogue(json)).toThrow(
    expect.objectContaining({ name: 'CatalogueError', message: `not a catalogue: ${places}; ${SHAPE}` }),
  )
})

test('of very many wrong entries five are told, and the others counted', () => {
  const templates = Array.from({ length: 100_000 }, () => ({}))
  const each = (place: number) => `templates[${place}].key: wanted a text that is not empty`
  expect(() => readCatalogue({ ...EMPTY, templates })).toThrow(
    expect.objectContaining({
      message: `not a catalogue: ${[0, 1, 2, 3, 4].map(each).join('; ')}; and 99,995 places more; ${SHAPE}`,
    }),
  )
})

test('a file that begins with a byte order mark is read all the same', () => {
  const folder = folderOf({ 'catalogue.json': `\ufeff${JSON.stringify({ ...EMPTY, templates: [{ key: 'a' }] })}` })
  expect([...readCatalogueFile(join(folder, 'catalogue.json')).templates.keys()]).toEqual(['a'])
})
