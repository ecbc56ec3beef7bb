import { Command } from 'commander'
import { readRoutesUnreviewed } from '../app.ts'
import { loadConfig } from '../config.ts'
import { createRegistry } from '../kafka/event-reader.ts'
import { publishedBy, registerSchema, subjectOf } from '../kafka/published-schemas.ts'
import { topicNames } from '../kafka/topics.ts'
import { configOption } from './config-option.ts'

export const schemasCommand = (): Command => {
  const schemas = new Command('schemas').description('schemas in the registry')
  schemas
    .command('register')
    .description('register the schemas of what is published; safe to repeat')
    .addOption(configOption())
    .option('--events', "also register the routes' event schemas under their topics, as a producer would: for development")
    .action(async (options: { config: string; events?: true }) => {
      const config = loadConfig(options.config)
      const registry = createRegistry(config.registry)
      const wanted = [
        ...publishedBy(topicNames(config.topics.prefix)).map((each) => ({ ...each, kind: 'published' as const })),
        ...(options.events
          ? readRoutesUnreviewed(config).map(({ topic, schema }) => ({ topic, schema: schema.json, kind: 'events' as const }))
          : []),
      ]
      for (const { topic, schema, kind } of wanted) {
        const id = await registerSchema(registry, topic, schema, kind)
        console.error(`${subjectOf(topic)} has id ${id}`)
      }
    })
  return schemas
}
