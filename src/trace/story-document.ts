import type { Fact } from './fact.ts'
import type { Story } from './story.ts'

/** A notification's story for programs: all facts, one JSON document, times in UTC. */
export const storyDocument = (story: Story): object => ({
  notificationId: story.notificationId,
  status: story.status,
  at: utc(story.at),
  partition: story.partition,
  ...story.about,
  facts: story.facts.map(factDocument),
  now: story.now,
})

const factDocument = ({ place, at, ...said }: Fact): object => ({ at: utc(at), ...place, ...said })

const utc = (instant: number): string => Temporal.Instant.fromEpochMilliseconds(instant).toString({ smallestUnit: 'millisecond' })
