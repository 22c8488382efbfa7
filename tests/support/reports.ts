import { readFileSync, rmSync } from 'node:fs'
import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { Failure, Tally, TestTime } from './run-step.ts'

/** The fields that are read from the report of Vitest's `json` reporter. */
export interface VitestReport {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  testResults: {
    name: string
    status: string
    message: string
    assertionResults: { fullName: string, status: string, duration?: number | null, failureMessages: string[] | null }[]
  }[]
}

/** The fields that are read from the report of Playwright's `json` reporter. */
export interface PlaywrightReport {
  stats: { expected: number, unexpected: number, flaky: number, skipped: number }
  suites: PlaywrightSuite[]
}

interface PlaywrightSuite {
  suites?: PlaywrightSuite[]
  specs: PlaywrightSpec[]
}

interface PlaywrightSpec {
  title: string
  file: string
  line: number
  ok: boolean
  tests: { status: string, results: { duration: number, error?: { message?: string } }[] }[]
}

const MAX_REASON_LENGTH = 1000
const SLOWEST_SHOWN = 10

/** Counts a Vitest report; a file that could not be run is one failed test. */
export function tallyVitest(report: VitestReport): Tally {
  const broken = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some(test => test.status === 'failed'),
  )
  const tests = report.testResults.flatMap(file =>
    file.assertionResults.map(test => ({ ...test, name: `${relative('', file.name)} › ${test.fullName}` })),
  )
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
    failures: [
      ...broken.map(({ name, message }) => failure(relative('', name), message)),
      ...tests
        .filter(({ status }) => status === 'failed')
        .map(({ name, failureMessages }) => failure(name, failureMessages?.[0])),
    ],
    times: tests.map(({ name, duration }) => ({ name, ms: duration ?? 0 })),
  }
}

/** Counts a Playwright report; a test that passed only at the second try has failed. */
export function tallyPlaywright({ stats, suites }: PlaywrightReport): Tally {
  const specs = suites.flatMap(specsOf)
  const failed = specs.filter(({ ok, tests }) => !ok || tests.some(({ status }) => status === 'flaky'))
  return {
    passed: stats.expected,
    failed: stats.unexpected + stats.flaky,
    skipped: stats.skipped,
    failures: failed.map(spec => failure(nameOf(spec), resultsOf(spec).find(({ error }) => error)?.error?.message)),
    times: specs.map(spec => ({
      name: nameOf(spec),
      ms: Math.max(0, ...resultsOf(spec).map(({ duration }) => duration)),
    })),
  }
}

function specsOf({ suites = [], specs }: PlaywrightSuite): PlaywrightSpec[] {
  return [...specs, ...suites.flatMap(specsOf)]
}

function nameOf({ file, line, title }: PlaywrightSpec): string {
  return `${file}:${line} › ${title}`
}

function resultsOf({ tests }: PlaywrightSpec) {
  return tests.flatMap(({ results }) => results)
}

function failure(name: string, reason = ''): Failure {
  return { name, reason: stripVTControlCharacters(reason).slice(0, MAX_REASON_LENGTH).trim() }
}

/**
 * Runs a test runner and counts the report that it writes to `file`.
 *
 * Throws if there is no report, or if the runner failed without a failed test, because it then broke outside any test.
 */
export async function runCounted<Report>(
  file: string,
  tally: (report: Report) => Tally,
  run: () => Promise<number>,
): Promise<Tally> {
  rmSync(file, { force: true }) // Otherwise the report of an earlier run could be counted.
  const exitCode = await run()
  const counted = tally(JSON.parse(readFileSync(file, 'utf8')) as Report)
  if (exitCode !== 0 && counted.failed === 0)
    throw new Error(`the runner ended with ${exitCode}, though no test failed`)
  return counted
}

/**
 * Returns the end of a run's output: the slowest tests, each failure again (for a reader who has only the end of a
 * log), and a last line in the form `N passed, N failed`.
 */
export function summary({ passed, failed, skipped, failures, times }: Tally): string {
  return [
    ...slowest(times),
    ...failures.map(({ name, reason }) => `✖ ${`${name}\n${reason}`.trim().replaceAll('\n', '\n    ')}\n`),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
    `${passed} passed, ${failed} failed`,
  ].join('\n')
}

function slowest(times: readonly TestTime[]): string[] {
  if (times.length === 0) return []
  const sorted = times.toSorted((a, b) => b.ms - a.ms).slice(0, SLOWEST_SHOWN)
  return ['The slowest tests:', ...sorted.map(({ name, ms }) => `${(ms / 1000).toFixed(1).padStart(6)} s  ${name}`), '']
}
