/** Waits for it, and at most so long. What it does goes on, and what comes of it later is nobody's. */
export const atMost = async (withinMs: number, work: Promise<void>): Promise<void> => {
  const over = Promise.withResolvers<void>()
  const patience = setTimeout(over.resolve, withinMs)
  try {
    await Promise.race([work, over.promise])
  } finally {
    clearTimeout(patience)
  }
}
