import { readFileSync } from 'node:fs'
import type { Page } from '@playwright/test'
import type { Report } from '../../composables/compare/export.ts'
import { SCENARIOS } from '../../shared/compare/scenarios.ts'
import { comparisonEnv, runComparison } from '../support/compare-page.ts'
import { expect, test as base } from '../support/fixtures.ts'
import { call } from '../support/https.ts'
import { startBuiltServer } from '../support/server.ts'

/** What is added to each answer, less the millisecond that a timer may be short by. */
const LEAST_MS = 49

const test = base.extend<object, { app: Awaited<ReturnType<typeof startBuiltServer>> }>({
  app: [async ({}, use) => {
    const app = await startBuiltServer(await comparisonEnv())
    await use(app)
    await app.dispose()
  }, { scope: 'worker' }],
})

test('a run at a distance adds its delay to each answer, and can be saved with all its rows', async ({ page, problems }) => {
  problems.expect(/blocked by CORS policy|net::ERR_FAILED|status of 401/)
  const rows = await runComparison(page, '50 ms: another country')
  const json = await save(page, 'JSON')
  const markdown = await save(page, 'Markdown')
  const { delayMs, results } = JSON.parse(json.text) as Report

  expect(rows).toHaveLength(SCENARIOS.length)
  expect([json.name, delayMs, results.map(({ scenario }) => scenario.id)]).toEqual(['comparison.json', 50, rows.map(({ id }) => id)])
  const answered = results.flatMap(({ made, seen }) => [...made.filter(({ status }) => status !== null), ...seen])
  expect(answered.length).toBeGreaterThan(2 * SCENARIOS.length)
  expect(answered.filter(({ durationMs }) => durationMs < LEAST_MS)).toEqual([])

  expect(markdown.name).toBe('comparison.md')
  expect(markdown.text).toContain('with 50 ms added to each answer')
  const settings = markdown.text.split('\n').filter(line => /^\| .* \| `.*` \| /.test(line)).map(line => line.split(' | ')[1])
  expect(settings).toEqual(SCENARIOS.map(({ title }) => title))
})

for (const delayMs of [0, 50, 150]) {
  test(`a run may have ${delayMs} ms added`, async ({ app }) => {
    expect((await call(`${app.origin}/_compare/runs`, { method: 'POST', json: { delayMs } })).status).toBe(200)
  })
}

test('a run with any other delay is refused', async ({ app }) => {
  const bodies = ['{"delayMs":49}', '{"delayMs":-50}', '{"delayMs":5e9}', '{"delayMs":"50"}', '{"delayMs":[50]}', '{"delayMs":null}', '{}', '[]', 'null', '', '50', '{']
  const answers = await Promise.all(bodies.map(body => call(`${app.origin}/_compare/runs`, { method: 'POST', body, headers: { 'content-type': 'application/json' } })))

  expect(answers.map(({ status }, index) => [bodies[index], status])).toEqual(bodies.map(body => [body, 400]))
  expect(answers[0]!.body).toContain('one of the delays 0, 50, 150')
})

/** Presses the button, and reads the file that comes of it. */
async function save(page: Page, format: string): Promise<{ name: string, text: string }> {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: `Save as ${format}` }).click()])
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') }
}
