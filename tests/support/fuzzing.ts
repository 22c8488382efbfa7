/**
 * What a run of the fuzz tests begins with: another each time, unless `FUZZ_SEED` names the one to repeat. Belongs into
 * the test's name.
 */
export const seed = process.env.FUZZ_SEED ? Number(process.env.FUZZ_SEED) : Math.floor(Math.random() * 2 ** 31)

/** How fast-check is to look for a counterexample: so many runs. A failure also names the way to it (`path`). */
export function fuzzing(numRuns: number): { numRuns: number, seed: number } {
  return { numRuns, seed }
}
