import { z } from 'zod'
import { CancellingFile, NotifyingFile } from './route-file.ts'

/** JSON Schema of a route file, for editors. It says what a file may look like; whether its names and paths lead anywhere, only reading it
 *  tells. */
export const routeSchema = (): object => ({
  title: 'A route of tsuchi',
  ...z.toJSONSchema(
    z.union([
      NotifyingFile.meta({ title: 'A route that notifies' }),
      CancellingFile.meta({ title: 'A route that calls off what waits' }),
    ]),
    { io: 'input', target: 'draft-7' },
  ),
})
