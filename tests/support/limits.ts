/**
 * The timeout for everything that could hang, in every test and everything that tests start. No outcome may depend on
 * it, because everything takes longer on a busy machine.
 */
export const HANG_MS = 120_000

/** Whether this is `npm run test:soak`, which repeats the fault tests many times. */
export const SOAK = process.env.SOAK === '1'

/** A number of repetitions, or a duration: `usual` in `npm test`, `soak` in `npm run test:soak`. */
export function rounds(usual: number, soak: number): number {
  return SOAK ? soak : usual
}

/**
 * The seed of the fuzz tests: random for each run, unless `FUZZ_SEED` sets the one to repeat. It belongs in the test's
 * name.
 */
export const seed = process.env.FUZZ_SEED ? Number(process.env.FUZZ_SEED) : Math.floor(Math.random() * 2 ** 31)

/** Options for fast-check: the number of runs and the seed. A failure also reports the counterexample's `path`. */
export function fuzzing(numRuns: number): { numRuns: number, seed: number } {
  return { numRuns, seed }
}
