import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { linksOf, ROOT, readPage } from './docs-page.ts'
import { NOT_RUN, openReader, shows } from './docs-shell.ts'
import { type Installation, installRunning } from './installation.ts'
import { USUAL_ROUTES } from './installed-routes.ts'

/** Has an installation of its own: see docs-add-a-purpose.test.ts. */
const BY_THEMSELVES = ['docs/add-a-purpose.md']

const PAGES = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
  'examples/README.md',
]

let at: Installation
beforeAll(async () => {
  at = await installRunning()
})
afterAll(() => at.close())

test.each(PAGES.filter((file) => !BY_THEMSELVES.includes(file)))('what %s says to run works', async (file) => {
  const page = readPage(file)
  const reader = await openReader({
    env: {
      ...at.env,
      TSUCHI_CONFIG: at.configFile,
      KAFKA_BROKERS: at.config.kafka.brokers.join(','),
      SCHEMA_REGISTRY_URL: at.config.registry.url,
      RESULTS_TOPIC: at.topics.results,
      TOPICS_PREFIX: at.config.topics.prefix,
    },
    // The topics of the shipped routes are called otherwise in a test, and its ports are free ones.
    names: {
      '--port 3000': '--port 0',
      'http://localhost:9090': at.simulator.url,
      ...Object.fromEntries(USUAL_ROUTES.map((route) => [topicIn(route), at.events[route]])),
    },
  })
  onTestFinished(reader.leave)
  await reader.follow(page)
})

test.each([...PAGES, 'routes/README.md'])('every link of %s leads somewhere', (file) => {
  expect(linksOf(file).filter((link) => !existsSync(join(ROOT, dirname(file), link)))).toEqual([])
})

test('every command that is excepted from being run is still there', () => {
  const commands = PAGES.flatMap((file) => readPage(file).steps.flatMap((step) => (step.kind === 'run' ? step.commands : [])))
  for (const [pattern, why] of NOT_RUN) expect([why, commands.some(({ text }) => pattern.test(text))]).toEqual([why, true])
})

test('a command that the harness does not know fails the page, so that nothing in the documents goes untested', async () => {
  const reader = await openReader({ env: {} })
  onTestFinished(reader.leave)
  const command = { line: 7, text: 'kcat -C -t tsuchi.results' }
  const page = { file: 'docs/x.md', steps: [{ kind: 'run' as const, line: 6, commands: [command], prints: null }] }
  await expect(reader.follow(page)).rejects.toThrow(
    'docs/x.md:7: the harness does not know how to run `kcat -C -t tsuchi.results`',
  )
})

test('a command that ends with an error, or prints something else than the page shows, fails the page', async () => {
  const reader = await openReader({ env: {} })
  onTestFinished(reader.leave)
  const running = (text: string, prints: string | null) => ({
    file: 'docs/x.md',
    steps: [{ kind: 'run' as const, line: 6, commands: [{ line: 7, text }], prints }],
  })
  await expect(reader.follow(running('cat nowhere', null))).rejects.toThrow('docs/x.md:7: `cat nowhere` ended with 1')
  await expect(reader.follow(running('npx tsuchi --version', '9.9.9'))).rejects.toThrow(/docs\/x\.md:6 prints\n0\.1\.0\n/)
  await reader.follow(running('npx tsuchi --version', '0.…'))
})

test.each([
  ['one\ntwo', 'one\ntwo', true],
  ['one\ntwo', 'one\ntwo\nthree', false],
  ['one …', 'one 2 3', true],
  ['one …', 'one\ntwo', false],
  ['…\ntwo', 'zero\none\ntwo', true],
  ['one\n…', 'one\ntwo\nthree', true],
  ['one\n…', 'two\nthree', false],
  ['one\n…\nthree', 'one\nthree', true],
  ['one\n…\nthree', 'one\ntwo\nthree\nfour', false],
  ['…\ntwo\n…', 'one\ntwo\nthree', true],
  ['a.b', 'axb', false],
])('shown as %j, printed as %j: %j', (shown, printed, fits) => {
  expect(shows(shown, printed)).toBe(fits)
})

function topicIn(route: string): string {
  const file = join(ROOT, 'routes', `${route}.yaml`)
  return existsSync(file) ? String(parse(readFileSync(file, 'utf8')).topic) : route
}
