import { expect, it } from 'vitest'
import { expectConsole } from '../../support/console'
import { noTests, runSteps } from '../../support/run-step'

it('adds up the tests of all steps', async () => {
  expectConsole('log', /./)
  const total = await runSteps([
    {
      name: 'one',
      count: async () => ({
        passed: 2,
        failed: 1,
        skipped: 1,
        failures: [{ name: 'a.test.ts › fails', reason: '' }],
        times: [],
      }),
    },
    { name: 'two', run: async () => 'nothing to count' },
    { name: 'three', count: async () => ({ ...noTests(), passed: 3 }) },
  ])

  expect(total).toEqual({
    passed: 5,
    failed: 1,
    skipped: 1,
    failures: [{ name: 'a.test.ts › fails', reason: '' }],
    times: [],
  })
})

it('counts a broken step as a failure and goes on', async () => {
  expectConsole('log', /✖ one: .*no luck/)
  expectConsole('log', /./)
  const total = await runSteps([
    { name: 'one', run: async () => Promise.reject(new Error('no luck')) },
    { name: 'two', count: async () => ({ ...noTests(), passed: 1 }) },
  ])

  expect(total).toEqual({ passed: 1, failed: 1, skipped: 0, failures: [{ name: 'one', reason: 'no luck' }], times: [] })
})

it('leaves out a step that needs a broken one, and counts it as a failure', async () => {
  expectConsole('log', /two: not run, it needs one/)
  expectConsole('log', /./)
  const total = await runSteps([
    { name: 'one', run: async () => Promise.reject(new Error('no luck')) },
    { name: 'two', needs: ['one'], count: async () => ({ ...noTests(), passed: 1 }) },
  ])

  expect(total).toEqual({
    passed: 0,
    failed: 2,
    skipped: 0,
    failures: [
      { name: 'one', reason: 'no luck' },
      { name: 'two', reason: 'not run, it needs one' },
    ],
    times: [],
  })
})

it('starts a step when those it needs have ended, and others in the meantime', async () => {
  expectConsole('log', /./)
  const built = Promise.withResolvers<undefined>()
  const order: string[] = []
  await runSteps([
    { name: 'build', run: () => built.promise.then(() => order.push('built')) },
    { name: 'tests', needs: ['build'], run: () => order.push('tested') },
    { name: 'client', run: () => (order.push('client'), built.resolve(undefined)) },
  ])

  expect(order).toEqual(['client', 'built', 'tested'])
})

it('does not wait for a step that is not part of the run', async () => {
  expectConsole('log', /./)
  const total = await runSteps([{ name: 'tests', needs: ['build'], count: async () => ({ ...noTests(), passed: 1 }) }])

  expect(total.passed).toBe(1)
})
