import { readFileSync } from 'node:fs'
import type { Page } from '@playwright/test'
import type { Report } from '../../layers/compare/utils/compare/export.ts'
import { SCENARIOS } from '../../layers/compare/shared/compare/scenarios.ts'
import { comparisonEnv, runComparison } from '../support/compare-page.ts'
import { expect, test as base } from '../support/fixtures.ts'
import { call } from '../support/https.ts'
import { startBuiltServer } from '../support/server.ts'

/** The delay of 50 ms, minus the millisecond by which a timer may fire early. */
const MIN_MS = 49

const test = base.extend<object, { app: Awaited<ReturnType<typeof startBuiltServer>> }>({
  app: [async ({}, use) => {
    const app = await startBuiltServer(await comparisonEnv())
    await use(app)
    await app.dispose()
  }, { scope: 'worker' }],
})

test('a run with a delay adds it to each response and can be saved with all rows', async ({ page, problems }) => {
  problems.expect(/blocked by CORS policy|net::ERR_FAILED|status of 401/)
  const rows = await runComparison(page, '50 ms: another country')
  const json = await save(page, 'JSON')
  const markdown = await save(page, 'Markdown')
  const { delayMs, results } = JSON.parse(json.text) as Report

  expect(rows).toHaveLength(SCENARIOS.length)
  expect([json.name, delayMs]).toEqual(['comparison.json', 50])
  expect(results.map(({ scenario }) => scenario.id)).toEqual(rows.map(({ id }) => id))
  const calls = results.flatMap(({ made, seen }) => [...made.filter(({ status }) => status !== null), ...seen])
  expect(calls.length).toBeGreaterThan(2 * SCENARIOS.length)
  expect(calls.filter(({ durationMs }) => durationMs < MIN_MS)).toEqual([])

  expect(markdown.name).toBe('comparison.md')
  expect(markdown.text).toContain('with 50 ms added to each answer')
  const lines = markdown.text.split('\n').filter(line => /^\| .* \| `.*` \| /.test(line))
  expect(lines.map(line => line.split(' | ')[1])).toEqual(SCENARIOS.map(({ title }) => title))
})

for (const delayMs of [0, 50, 150]) {
  test(`the server accepts a run with a delay of ${delayMs} ms`, async ({ app }) => {
    const { status } = await call(`${app.origin}/_compare/runs`, { method: 'POST', json: { delayMs } })

    expect(status).toBe(200)
  })
}

test('the server rejects a run with any other delay', async ({ app }) => {
  const bodies = [
    '{"delayMs":49}', '{"delayMs":-50}', '{"delayMs":5e9}', '{"delayMs":"50"}', '{"delayMs":[50]}', '{"delayMs":null}',
    '{}', '[]', 'null', '', '50', '{',
  ]
  const headers = { 'content-type': 'application/json' }
  const post = (body: string) => call(`${app.origin}/_compare/runs`, { method: 'POST', body, headers })
  const responses = await Promise.all(bodies.map(post))

  expect(responses.map(({ status }, index) => [bodies[index], status])).toEqual(bodies.map(body => [body, 400]))
  expect(responses[0]!.body).toContain('one of the delays 0, 50, 150')
})

/** Clicks the button, and returns the downloaded file. */
async function save(page: Page, format: string): Promise<{ name: string, text: string }> {
  const button = page.getByRole('button', { name: `Save as ${format}` })
  const [download] = await Promise.all([page.waitForEvent('download'), button.click()])
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') }
}
