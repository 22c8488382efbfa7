import { readFileSync, rmSync } from 'node:fs'
import type { Tally } from './run-step.ts'

/** What this reads of the report of Vitest's `json` reporter. */
export interface VitestReport {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
}

/** What this reads of the report of Playwright's `json` reporter. */
export interface PlaywrightReport {
  stats: { expected: number, unexpected: number, flaky: number, skipped: number }
}

/** Counts a Vitest report. */
export function tallyVitest(report: VitestReport): Tally {
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

/** Counts a Playwright report; a test that passed only at the second try has failed. */
export function tallyPlaywright({ stats }: PlaywrightReport): Tally {
  return { passed: stats.expected, failed: stats.unexpected + stats.flaky, skipped: stats.skipped }
}

/**
 * Runs a test runner and counts the report that it writes to `file`.
 *
 * Throws if it wrote none, or failed with no failed test: then it broke outside any test.
 */
export async function runCounted<Report>(file: string, tally: (report: Report) => Tally, run: () => Promise<number>): Promise<Tally> {
  rmSync(file, { force: true }) // A report of an earlier run must not stand in for this one's.
  const exitCode = await run()
  const counted = tally(JSON.parse(readFileSync(file, 'utf8')) as Report)
  if (exitCode !== 0 && counted.failed === 0) throw new Error(`the runner ended with ${exitCode}, though no test failed`)
  return counted
}

/** The summary line, in the one form that any reader of a log can count. */
export function summary({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
