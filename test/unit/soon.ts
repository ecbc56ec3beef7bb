/** How a test waits for what must come. A busy machine may keep a process waiting for twenty seconds; only a test that fails ever waits so
 *  long as this. */
export const SOON = { timeout: 30_000, interval: 5 }
