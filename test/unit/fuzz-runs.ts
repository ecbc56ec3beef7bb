/** How often a property is tried: `FUZZ_RUNS=20000` goes on for longer than every build may take. The seed of a run that failed is in its
 *  message; with FUZZ_SEED it is run again. */
export const runsOf = (usual: number): { readonly numRuns: number; readonly seed?: number } => {
  const { FUZZ_RUNS: runs, FUZZ_SEED: seed } = process.env
  return { numRuns: runs === undefined ? usual : Number(runs), ...(seed !== undefined && { seed: Number(seed) }) }
}
