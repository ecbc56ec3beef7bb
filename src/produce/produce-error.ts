/** An event that is not produced, and why. Says what to do. */
export class ProduceError extends Error {
  override readonly name = 'ProduceError'
}
