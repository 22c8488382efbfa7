/**
 * Ends what hangs, in every test and everything that tests start. No outcome may depend on it: a busy machine needs
 * longer for everything.
 */
export const HANG_MS = 120_000
