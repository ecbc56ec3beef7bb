import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NEWEST_FORMAT } from '../../src/kafka/internal-records.ts'
import { SCHEMA_VERSION } from '../../src/store/schema.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The format that the next version brings. */
export const NEXT_FORMAT = NEWEST_FORMAT + 1

/** What the next version says in every request, in its own format. */
export const PREPARED_BY = 'the next version'

/** The folder of a version as a developer would make the next one, by schemas/internal/README.md: in an entry `setbacks` is called `failures`,
 *  in all of the source; a request says who prepared it; and a store has another version. */
export const makeNextVersion = async (): Promise<{ readonly root: string; readonly remove: () => Promise<void> }> => {
  const root = await mkdtemp(join(tmpdir(), 'tsuchi-next-'))
  for (const name of ['src', 'schemas', 'routes', 'package.json'])
    await cp(join(ROOT, name), join(root, name), { recursive: true })
  await symlink(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  const schemas = join(root, 'schemas/internal')
  await cp(join(schemas, `v${NEWEST_FORMAT}`), join(schemas, `v${NEXT_FORMAT}`), { recursive: true })
  const next = (file: string) => join(schemas, `v${NEXT_FORMAT}`, file)
  await change(next('entry.avsc'), ['"name": "setbacks",', '"name": "failures", "aliases": ["setbacks"],'])
  await change(next('ready-request.avsc'), [
    '"fields": [',
    '"fields": [{ "name": "preparedBy", "type": "string", "default": "an older one" },',
  ])

  const src = join(root, 'src')
  for (const file of await readdir(src, { recursive: true })) if (file.endsWith('.ts')) await rename(join(src, file))
  await change(join(src, 'kafka/internal-records.ts'), [`NEWEST_FORMAT = ${NEWEST_FORMAT}`, `NEWEST_FORMAT = ${NEXT_FORMAT}`])
  await change(
    join(src, 'kafka/internal-codec.ts'),
    ["encode('entry', { ...value.entry,", "encode('entry', { ...value.entry, setbacks: value.entry.failures,"],
    ["encode('ready-request', {", `encode('ready-request', { preparedBy: '${PREPARED_BY}',`],
  )
  await change(join(src, 'store/schema.ts'), [`SCHEMA_VERSION = ${SCHEMA_VERSION}`, `SCHEMA_VERSION = ${SCHEMA_VERSION + 1}`])
  return { root, remove: () => rm(root, { recursive: true }) }
}

const rename = async (file: string): Promise<void> => {
  const text = await readFile(file, 'utf8')
  await writeFile(file, text.replaceAll(/\bsetbacks\b/g, 'failures'))
}

const change = async (file: string, ...changes: readonly (readonly [from: string, to: string])[]): Promise<void> => {
  let text = await readFile(file, 'utf8')
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`${file} has no ${from} any more: the next version must be made otherwise`)
    text = text.replace(from, to)
  }
  await writeFile(file, text)
}
