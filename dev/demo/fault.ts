/** The demo cannot go on, or has shown something untrue. Its message is for whoever runs it; a trace would tell nothing more. */
export class DemoFault extends Error {
  override readonly name = 'DemoFault'

  constructor(message: string) {
    super(message)
    this.stack = message
  }
}

/** Ctrl-C, or whatever else asked us to end. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}
