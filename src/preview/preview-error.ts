/** There is nothing to preview. Says what was found, without quoting the event, and what to do. */
export class PreviewError extends Error {
  override readonly name = 'PreviewError'
}
