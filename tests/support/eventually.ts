import { vi } from 'vitest'
import { HANG_MS } from './limits.ts'

/**
 * Repeats `attempt` until it no longer throws, and returns its result: for states that emit no event, for example that
 * of another process.
 *
 * With fake timers, each attempt first advances them by 50 ms.
 */
export function eventually<Result>(attempt: () => Result | Promise<Result>): Promise<Result> {
  return vi.waitFor(attempt, { timeout: HANG_MS, interval: 50 })
}
