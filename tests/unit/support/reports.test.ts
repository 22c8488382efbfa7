import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCounted, summary, tallyPlaywright, tallyVitest } from '../../support/reports'
import { noTests } from '../../support/run-step'

describe('summary', () => {
  it('names what was skipped only if something was', () => {
    expect(summary({ ...noTests(), passed: 12 })).toBe('12 passed, 0 failed')
    expect(summary({ ...noTests(), passed: 12, failed: 1, skipped: 2 })).toBe('2 skipped\n12 passed, 1 failed')
  })

  it('lists the ten slowest tests, the slowest first', () => {
    const times = Array.from({ length: 12 }, (_, i) => ({ name: `test ${i}`, ms: i * 1000 }))
    const lines = summary({ ...noTests(), passed: 12, times }).split('\n')

    expect(lines.slice(0, 2)).toEqual(['The slowest tests:', '  11.0 s  test 11'])
    expect(lines.slice(10)).toEqual(['   2.0 s  test 2', '', '12 passed, 0 failed'])
  })

  it('shows each failure again before the last line', () => {
    const failures = [{ name: 'a.test.ts › fails', reason: 'expected 3\nto be 2' }]

    expect(summary({ ...noTests(), failed: 1, failures })).toBe(
      '✖ a.test.ts › fails\n    expected 3\n    to be 2\n\n0 passed, 1 failed',
    )
  })
})

describe('tallies', () => {
  it('count what Vitest left out as skipped', () => {
    const report = { numPassedTests: 5, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1, testResults: [] }

    expect(tallyVitest(report)).toMatchObject({ passed: 5, failed: 1, skipped: 3 })
  })

  it('name each of Vitest\'s tests that failed, and each file that could not be run, and say why', () => {
    const test = {
      fullName: 'a sum is right',
      status: 'failed',
      duration: 12,
      failureMessages: ['\u001B[31mexpected 3\u001B[39m\nto be 2'],
    }
    const testResults = [
      {
        name: resolve('tests/sum.test.ts'),
        status: 'failed',
        message: '',
        assertionResults: [test, { ...test, fullName: 'another', status: 'passed', failureMessages: null }],
      },
      { name: resolve('tests/none.test.ts'), status: 'failed', message: 'no such module', assertionResults: [] },
    ]

    expect(
      tallyVitest({ numPassedTests: 1, numFailedTests: 1, numPendingTests: 0, numTodoTests: 0, testResults }),
    ).toEqual({
      passed: 1,
      failed: 2,
      skipped: 0,
      failures: [
        { name: 'tests/none.test.ts', reason: 'no such module' },
        { name: 'tests/sum.test.ts › a sum is right', reason: 'expected 3\nto be 2' },
      ],
      times: ['a sum is right', 'another'].map(name => ({ name: `tests/sum.test.ts › ${name}`, ms: 12 })),
    })
  })

  it('name each of Playwright\'s tests that failed, or passed at the second try only, and say why', () => {
    const spec = {
      file: 'home.spec.ts',
      line: 7,
      ok: true,
      tests: [{ status: 'expected', results: [{ duration: 5 }] }],
    }
    const suites = [
      {
        specs: [{ ...spec, title: 'is well' }],
        suites: [
          {
            specs: [
              {
                ...spec,
                title: 'is not',
                ok: false,
                tests: [{ status: 'unexpected', results: [{ duration: 5, error: { message: 'no button' } }] }],
              },
              {
                ...spec,
                title: 'is unsure',
                tests: [{ status: 'flaky', results: [{ duration: 5, error: { message: 'late' } }, { duration: 7 }] }],
              },
            ],
          },
        ],
      },
    ]

    const { failures, times } = tallyPlaywright({ stats: { expected: 1, unexpected: 1, flaky: 1, skipped: 0 }, suites })
    expect(failures).toEqual([
      { name: 'home.spec.ts:7 › is not', reason: 'no button' },
      { name: 'home.spec.ts:7 › is unsure', reason: 'late' },
    ])
    expect(times.map(({ ms }) => ms)).toEqual([5, 5, 7])
  })

  it('count a test that passed only at the second try as failed', () => {
    expect(tallyPlaywright({ stats: { expected: 5, unexpected: 1, flaky: 1, skipped: 2 }, suites: [] })).toMatchObject({
      passed: 5,
      failed: 2,
      skipped: 2,
    })
  })
})

describe('runCounted', () => {
  let directory: string
  const count = (report: { passed: number, failed: number }) => ({ ...noTests(), ...report })
  const report = () => join(directory, 'report.json')
  const runner = (content: object, exitCode: number) => async () => {
    writeFileSync(report(), JSON.stringify(content))
    return exitCode
  }

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'cloakroom-reports-'))
  })

  afterEach(() => rmSync(directory, { recursive: true }))

  it('counts a run in which tests failed', async () => {
    await expect(runCounted(report(), count, runner({ passed: 3, failed: 1 }, 1))).resolves.toMatchObject({
      passed: 3,
      failed: 1,
      skipped: 0,
    })
  })

  it('refuses a run that ended badly though no test failed', async () => {
    await expect(runCounted(report(), count, runner({ passed: 3, failed: 0 }, 1))).rejects.toThrow('ended with 1')
  })

  it('takes no report of an earlier run for one that wrote none', async () => {
    writeFileSync(report(), JSON.stringify({ passed: 3, failed: 0 }))

    await expect(runCounted(report(), count, async () => 0)).rejects.toThrow('ENOENT')
    expect(existsSync(report())).toBe(false)
  })
})
