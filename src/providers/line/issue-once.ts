import { createIssuer, type Issued, type TokenSource } from './issuer.ts'

/** A token for a few questions, of whoever keeps none. Never rejects, also where no issuer can be made of what the configuration says. */
export const issueOnce = async (
  source: TokenSource,
  deadlineMs: number,
  signal: AbortSignal = new AbortController().signal,
): Promise<Issued> => {
  try {
    const issuer = createIssuer(source, deadlineMs)
    const close = () => void issuer.close()
    signal.addEventListener('abort', close, { once: true })
    const issued = await issuer.issue()
    signal.removeEventListener('abort', close)
    await issuer.close()
    return issued
  } catch (fault) {
    return { kind: 'failed', reason: fault instanceof TypeError ? fault.message : 'unknown cause' }
  }
}
