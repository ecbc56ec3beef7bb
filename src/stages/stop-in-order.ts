import type { Stage } from './stage.ts'

/** What the last are given, however long the others took: what is under way there has two seconds, as LINE waits no longer. */
const LAST_MS = 2_000

/** Within one budget: `last` does its work until the others have ended theirs, or the budget is over. Resolves to what went wrong. */
export const stopInOrder = async ({
  first,
  last,
  budgetMs,
  monotonic,
}: {
  readonly first: readonly Stage[]
  readonly last: readonly Stage[]
  readonly budgetMs: number
  readonly monotonic: () => number
}): Promise<readonly unknown[]> => {
  const stopBy = monotonic() + budgetMs
  const others = Promise.allSettled(first.map((stage) => stage.stop(budgetMs)))
  const over = Promise.withResolvers<void>()
  const patience = setTimeout(over.resolve, budgetMs)
  await Promise.race([others, over.promise])
  clearTimeout(patience)
  const lastMs = Math.max(LAST_MS, stopBy - monotonic())
  const ends = [...(await Promise.allSettled(last.map((stage) => stage.stop(lastMs)))), ...(await others)]
  return ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []))
}
