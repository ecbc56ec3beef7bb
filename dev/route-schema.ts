import { writeFileSync } from 'node:fs'
import { routeSchema } from '../src/intake/route-schema.ts'

/** Writes the JSON Schema of routes anew, after a change of what may stand in them. */
writeFileSync(new URL('../schemas/route.schema.json', import.meta.url), `${JSON.stringify(routeSchema(), null, 2)}\n`)
