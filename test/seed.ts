import fc from 'fast-check'

/* Properties are tried with the same values in each build: a build that fails, fails again. FUZZ_SEED tries others; so does FUZZ_RUNS, which
   goes on for longer than every build may take, with a seed that is in the message of what fails. */

const { FUZZ_SEED: seed, FUZZ_RUNS: runs } = process.env
if (runs === undefined || seed !== undefined) fc.configureGlobal({ seed: Number(seed ?? 1) })
