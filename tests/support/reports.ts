import { readFileSync, rmSync } from 'node:fs'
import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { Tally } from './run-step.ts'

/** What this reads of the report of Vitest's `json` reporter. */
export interface VitestReport {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  testResults: {
    name: string
    status: string
    message: string
    assertionResults: { fullName: string, status: string, failureMessages: string[] | null }[]
  }[]
}

/** What this reads of the report of Playwright's `json` reporter. */
export interface PlaywrightReport {
  stats: { expected: number, unexpected: number, flaky: number, skipped: number }
  suites: PlaywrightSuite[]
}

interface PlaywrightSuite {
  suites?: PlaywrightSuite[]
  specs: { title: string, file: string, line: number, ok: boolean, tests: { status: string, results: { error?: { message?: string } }[] }[] }[]
}

const LONGEST_REASON = 1000

/** Counts a Vitest report; a file that could not be run is one failed test. */
export function tallyVitest(report: VitestReport): Tally {
  const broken = report.testResults.filter(({ status, assertionResults }) => status === 'failed' && !assertionResults.some(test => test.status === 'failed'))
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
    failures: [
      ...broken.map(({ name, message }) => failure(relative('', name), message)),
      ...report.testResults.flatMap(({ name, assertionResults }) => assertionResults
        .filter(test => test.status === 'failed')
        .map(test => failure(`${relative('', name)} › ${test.fullName}`, test.failureMessages?.[0]))),
    ],
  }
}

/** Counts a Playwright report; a test that passed only at the second try has failed. */
export function tallyPlaywright({ stats, suites }: PlaywrightReport): Tally {
  return { passed: stats.expected, failed: stats.unexpected + stats.flaky, skipped: stats.skipped, failures: suites.flatMap(failuresOf) }
}

function failuresOf({ suites = [], specs }: PlaywrightSuite): string[] {
  const failed = specs.filter(({ ok, tests }) => !ok || tests.some(({ status }) => status === 'flaky'))
  const own = failed.map(({ title, file, line, tests }) => failure(`${file}:${line} › ${title}`, tests.flatMap(({ results }) => results).find(({ error }) => error)?.error?.message))
  return [...own, ...suites.flatMap(failuresOf)]
}

function failure(test: string, reason = ''): string {
  const text = stripVTControlCharacters(reason).slice(0, LONGEST_REASON).trim()
  return `${test}\n${text}`.trim().replaceAll('\n', '\n    ')
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

/** The summary, whose last line has the one form that any reader of a log can count. */
export function summary({ passed, failed, skipped }: Tally): string {
  return `${skipped > 0 ? `${skipped} skipped\n` : ''}${passed} passed, ${failed} failed`
}
