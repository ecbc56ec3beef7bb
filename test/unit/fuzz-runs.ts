/** How often a property is tried: `FUZZ_RUNS=20000` goes on for longer than every build may take. What it begins with is in test/seed.ts. */
export const runsOf = (usual: number): { readonly numRuns: number } => {
  const { FUZZ_RUNS: runs } = process.env
  return { numRuns: runs === undefined ? usual : Number(runs) }
}
