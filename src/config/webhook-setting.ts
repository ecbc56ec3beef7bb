import { z } from 'zod'
import { durationBetween, mapping, text, whole } from './setting-values.ts'

const PATH = 'write a path, such as /line/webhook'

/** Where LINE's webhooks are taken, and what one process takes at most. */
export const webhookSetting = mapping({
  host: text('write a host').default('0.0.0.0'),
  port: whole(0, 65_535).default(8082),
  path: z
    .string({ error: PATH })
    .regex(/^\/[^\s?#]*$/, { error: PATH })
    .default('/line/webhook'),
  /** Signed bodies, as another receiver wrote them: value the raw body, header x-line-signature its signature. */
  topic: text('write the name of a topic').optional(),
  /** LINE wants an answer within 2 s; what is not in Kafka by then is answered with 503, so that LINE sends it again. */
  answerWithin: durationBetween(100, 1_900).default(1_700),
  /** LINE's are some 30 KB at most. */
  bodyLimit: whole(1_024, 16 << 20).default(256 << 10),
  /** Requests at a time, and in any second. */
  concurrency: whole(1, 10_000).default(512),
  requestsPerSecond: whole(1, 100_000).default(5_000),
  /** How often it says in Kafka that it has listened. */
  heartbeatEvery: durationBetween(100, 3_600_000).default(15_000),
})
