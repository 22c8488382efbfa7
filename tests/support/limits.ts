/**
 * Ends what hangs, in every test and everything that tests start. No outcome may depend on it: a busy machine needs
 * longer for everything.
 */
export const HANG_MS = 120_000

/** Whether this is `npm run test:soak`, which repeats the fault tests many times. */
export const SOAK = process.env.SOAK === '1'

/** A number of repetitions, or a duration: `usual` in `npm test`, `soak` in `npm run test:soak`. */
export function rounds(usual: number, soak: number): number {
  return SOAK ? soak : usual
}

/**
 * What a run of the fuzz tests begins with: another each time, unless `FUZZ_SEED` names the one to repeat. Belongs into
 * the test's name.
 */
export const seed = process.env.FUZZ_SEED ? Number(process.env.FUZZ_SEED) : Math.floor(Math.random() * 2 ** 31)

/** How fast-check is to look for a counterexample: so many runs. A failure also names the way to it (`path`). */
export function fuzzing(numRuns: number): { numRuns: number, seed: number } {
  return { numRuns, seed }
}
