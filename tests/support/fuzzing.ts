/**
 * How fast-check is to look for a counterexample: so many runs, from a seed that a failure names (`{ seed: …, path: "…" }`). `FUZZ_SEED=…` takes the same way again.
 */
export function fuzzing(numRuns: number): { numRuns: number, seed?: number } {
  return process.env.FUZZ_SEED ? { numRuns, seed: Number(process.env.FUZZ_SEED) } : { numRuns }
}
