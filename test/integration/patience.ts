/** How long a test waits for what must come, ms. A busy machine may keep a process waiting for twenty seconds; only a test that fails ever
 *  waits so long as this. */
export const PATIENCE_MS = 60_000
