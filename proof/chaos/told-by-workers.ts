import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { JournalSeen, Post } from '../verifier/history.ts'

/** A transaction whose commit was answered: journal offsets from its first to its last. */
interface Commit {
  readonly at: number
  readonly partition: number
  readonly from: number
  readonly to: number
}

/** The journal with the times at which its owners knew that they had committed, as far as they lived to know it. Whoever reads the topic
 *  learns of it later. */
export const withCommitTimes = async (journal: readonly JournalSeen[], directory: string): Promise<JournalSeen[]> => {
  const byPartition = Map.groupBy(await linesIn<Commit>(directory, '.commits'), ({ partition }) => partition)
  for (const commits of byPartition.values()) commits.sort((a, b) => a.from - b.from)
  return journal.map((seen) => {
    const commit = lastFrom(byPartition.get(seen.partition) ?? [], seen.offset)
    return commit && seen.offset <= commit.to ? { ...seen, committedAt: Math.min(seen.committedAt, commit.at) } : seen
  })
}

interface Answer {
  readonly deliveryTag: string
  readonly status: number
}

/** Requests with the status that came to the worker, where LINE cut its own answer off behind it: of that its log says no more than how it
 *  ended. */
export const withAnswersSeen = async (posts: readonly Post[], directory: string): Promise<Post[]> => {
  const statuses = new Map((await linesIn<Answer>(directory, '.answers')).map(({ deliveryTag, status }) => [deliveryTag, status]))
  return posts.map((post) => {
    const status = statuses.get(post.deliveryTag)
    return typeof post.answered === 'string' && status !== undefined ? { ...post, answered: status } : post
  })
}

/** What is preloaded into workers has written these. */
const linesIn = async <T>(directory: string, ending: string): Promise<T[]> => {
  const all: T[] = []
  for (const file of (await readdir(directory)).filter((name) => name.endsWith(ending))) {
    const lines = (await readFile(join(directory, file), 'utf8')).split('\n')
    // What is after the last line end was cut off by a kill.
    for (const line of lines.slice(0, -1)) all.push(JSON.parse(line) as T)
  }
  return all
}

/** The last that begins at `offset` or before it. */
const lastFrom = (commits: readonly Commit[], offset: number): Commit | undefined => {
  let [low, high] = [0, commits.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((commits[middle]?.from ?? 0) <= offset) low = middle + 1
    else high = middle
  }
  return commits[low - 1]
}
