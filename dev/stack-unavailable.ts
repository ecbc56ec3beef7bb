/** Its message is all the reader needs; a trace would lead into this folder, where nothing is wrong. */
export class StackUnavailable extends Error {
  override readonly name = 'StackUnavailable'

  constructor(message: string) {
    super(message)
    this.stack = message
  }
}
