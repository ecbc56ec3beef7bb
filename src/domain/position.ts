/** Where a request came from: a record of a domain topic, and which of the recipients it names (0 for the first, or only, one).
 *  Offsets fit a double up to 2^53; a partition that writes a million records a second reaches that in 285 years. */
export interface Position {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly index: number
}

/** `topic/partition/offset/index`: unique within one life of the topic, readable in a log line. */
export const formatPosition = (position: Position): string =>
  `${position.topic}/${position.partition}/${position.offset}/${position.index}`
