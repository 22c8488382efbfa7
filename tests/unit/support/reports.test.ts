import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCounted, summary, tallyPlaywright, tallyVitest } from '../../support/reports'

describe('summary', () => {
  it('names what was skipped only if something was', () => {
    expect(summary({ passed: 12, failed: 0, skipped: 0 })).toBe('12 passed, 0 failed')
    expect(summary({ passed: 12, failed: 1, skipped: 2 })).toBe('12 passed, 1 failed, 2 skipped')
  })
})

describe('tallies', () => {
  it('count what Vitest left out as skipped', () => {
    const report = { numPassedTests: 5, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1 }

    expect(tallyVitest(report)).toEqual({ passed: 5, failed: 1, skipped: 3 })
  })

  it('count a test that passed only at the second try as failed', () => {
    expect(tallyPlaywright({ stats: { expected: 5, unexpected: 1, flaky: 1, skipped: 2 } })).toEqual({ passed: 5, failed: 2, skipped: 2 })
  })
})

describe('runCounted', () => {
  let directory: string
  const count = (report: { passed: number, failed: number }) => ({ ...report, skipped: 0 })
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
    await expect(runCounted(report(), count, runner({ passed: 3, failed: 1 }, 1))).resolves.toEqual({ passed: 3, failed: 1, skipped: 0 })
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
