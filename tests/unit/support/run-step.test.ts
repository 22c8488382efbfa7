import { expect, it } from 'vitest'
import { expectConsole } from '../../support/console'
import { runSteps } from '../../support/run-step'

it('adds up the tests of all steps', async () => {
  expectConsole('log', /./)
  const total = await runSteps([
    { name: 'one', count: async () => ({ passed: 2, failed: 1, skipped: 1, failures: ['a.test.ts › fails'] }) },
    { name: 'two', run: async () => 'nothing to count' },
    { name: 'three', count: async () => ({ passed: 3, failed: 0, skipped: 0, failures: [] }) },
  ])

  expect(total).toEqual({ passed: 5, failed: 1, skipped: 1, failures: ['a.test.ts › fails'] })
})

it('counts a broken step as a failure and goes on', async () => {
  expectConsole('log', /✖ one: .*no luck/)
  expectConsole('log', /./)
  const total = await runSteps([
    { name: 'one', run: async () => Promise.reject(new Error('no luck')) },
    { name: 'two', count: async () => ({ passed: 1, failed: 0, skipped: 0, failures: [] }) },
  ])

  expect(total).toEqual({ passed: 1, failed: 1, skipped: 0, failures: ['one: no luck'] })
})

it('leaves out a step that needs a broken one, and counts it as a failure', async () => {
  expectConsole('log', /two: not run, it needs one/)
  expectConsole('log', /./)
  const total = await runSteps([
    { name: 'one', run: async () => Promise.reject(new Error('no luck')) },
    { name: 'two', needs: ['one'], count: async () => ({ passed: 1, failed: 0, skipped: 0, failures: [] }) },
  ])

  expect(total).toEqual({ passed: 0, failed: 2, skipped: 0, failures: ['one: no luck', 'two: not run, it needs one'] })
})
