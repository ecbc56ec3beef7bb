/** Removes the subjects of these topics from a registry that is not ours. Returns what it could not. */
export const removeSubjects = async (registryUrl: string, topics: readonly string[]): Promise<string[]> => {
  const left: string[] = []
  for (const topic of topics) {
    const url = `${registryUrl}/subjects/${encodeURIComponent(`${topic}-value`)}`
    const answer = await fetch(url, { method: 'DELETE', signal: AbortSignal.timeout(5_000) }).catch((fault: Error) => fault)
    // 404: we were interrupted before it was registered.
    if (answer instanceof Error) left.push(`subject ${topic}-value (${answer.message})`)
    else if (!answer.ok && answer.status !== 404) left.push(`subject ${topic}-value (${answer.status})`)
  }
  return left
}
