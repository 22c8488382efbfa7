import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import type { Report } from '../../layers/compare/utils/compare/export.ts'
import { SCENARIOS } from '../../layers/compare/shared/compare/scenarios.ts'
import { comparisonEnv, openProfile, runComparison } from '../support/compare-page.ts'
import type { ShownResult, ThirdPartyCookies } from '../support/compare-page.ts'
import { outcomeTable, replaceTable } from '../support/compare-table.ts'
import { expect, expectAccessible, test as base } from '../support/fixtures.ts'
import { call } from '../support/https.ts'
import { startBuiltServer } from '../support/server.ts'

const DOCUMENT = join(import.meta.dirname, '../../docs/cross-origin.md')

/** What Chromium logs about the scenarios that fail on purpose. */
const LOGGED = /blocked by CORS policy|net::ERR_FAILED|status of 401/

const test = base.extend<{ thirdPartyCookies: ThirdPartyCookies | 'as usual' }>({
  thirdPartyCookies: ['as usual', { option: true }],
  app: [async ({}, use) => {
    const app = await startBuiltServer(await comparisonEnv())
    await use(app)
    await app.dispose()
  }, { scope: 'worker' }],
  context: async ({ thirdPartyCookies, launchOptions, baseURL, context: usual }, use) => {
    if (thirdPartyCookies === 'as usual') return use(usual)
    const { context, close } = await openProfile(thirdPartyCookies, { ...launchOptions, baseURL })
    await use(context)
    await close()
  },
})

/** The expected outcomes that do not depend on the target. */
const ANYWHERE = {
  'right': 'Works',
  'no-credentials': 'Stranger (401)',
  'no-allow-credentials': 'Answer withheld',
  'not-listed': 'Answer withheld',
  'wildcard': 'Answer withheld',
  'no-preflight': 'Never sent',
  'header': 'Never sent',
  'plain': 'Works',
  'partitioned': 'Works',
  'none-insecure': 'Stranger (401)',
}
const SAME_SITE = { ...ANYWHERE, 'strict': 'Works', 'no-samesite': 'Works', 'none': 'Works' }
const CROSS_SITE = { ...ANYWHERE, 'lax': 'Stranger (401)', 'strict': 'Stranger (401)', 'no-samesite': 'Stranger (401)' }
const OUTCOMES = {
  allowed: { 'same-origin': ANYWHERE, 'same-site': SAME_SITE, 'cross-site': { ...CROSS_SITE, none: 'Works' } },
  blocked: { 'same-origin': ANYWHERE, 'same-site': SAME_SITE, 'cross-site': { ...CROSS_SITE, none: 'Stranger (401)' } },
} as const satisfies Record<ThirdPartyCookies, unknown>

const shown: Partial<Record<ThirdPartyCookies, ShownResult[]>> = {}

test.describe.configure({ mode: 'serial' })

for (const thirdPartyCookies of ['allowed', 'blocked'] as const) {
  test.describe(`with third-party cookies ${thirdPartyCookies}`, () => {
    test.use({ thirdPartyCookies })

    test('every scenario has the outcome of this browser setting', async ({ page, problems }) => {
      problems.expect(LOGGED)
      const results = await runComparison(page)
      shown[thirdPartyCookies] = results

      const outcomes: Record<string, Record<string, string>> = OUTCOMES[thirdPartyCookies]
      const expected = SCENARIOS.map(({ id, target, kind }) => [id, outcomes[target]![kind]])
      expect(results.map(({ id, outcome }) => [id, outcome])).toEqual(expected)
    })
  })
}

test('the table in the documentation has the outcomes of Chromium', () => {
  const table = outcomeTable(shown.allowed!, shown.blocked!)
  const text = readFileSync(DOCUMENT, 'utf8')
  if (process.env.UPDATE_DOCS) writeFileSync(DOCUMENT, replaceTable(text, table))

  expect(readFileSync(DOCUMENT, 'utf8')).toBe(replaceTable(text, table))
})

test('a run reports which cookies the browser stored', async ({ page, context, problems }) => {
  problems.expect(LOGGED)
  const { results } = await exportedRun(page)
  const cookies = (await context.cookies()).filter(({ name }) => name === 'compare')
  const ids = cookies.map(({ path }) => path.split('/')[3])

  for (const { scenario, cookie } of results) {
    expect([scenario.id, ids.includes(scenario.id)]).toEqual([scenario.id, cookie.stored])
  }
})

test('a run reports its requests and their origins', async ({ page, problems }) => {
  problems.expect(LOGGED)
  const { results, summary, origins } = await exportedRun(page)
  const find = (id: string) => results.find(({ scenario }) => scenario.id === id)!
  const seen = (id: string) => find(id).seen.map(({ method, origin, secFetchSite, cookieSent }) => {
    return { method, origin, secFetchSite, cookieSent }
  })

  const own = { secFetchSite: 'same-origin' }
  expect(seen('same-origin-right')).toEqual([
    { ...own, method: 'GET', origin: null, cookieSent: false },
    { ...own, method: 'POST', origin: origins['same-origin'], cookieSent: true },
  ])
  for (const target of ['same-site', 'cross-site'] as const) {
    const other = { origin: origins['same-origin'], secFetchSite: target }
    expect(seen(`${target}-right`)).toEqual([
      { ...other, method: 'GET', cookieSent: false },
      { ...other, method: 'OPTIONS', cookieSent: false },
      { ...other, method: 'POST', cookieSent: true },
    ])
  }
  expect(summary.map(({ requestRatio }) => requestRatio)).toEqual([1, 1.5, 1.5])
  for (const { made, seen: entries } of results) {
    for (const { timing } of made.filter(({ status }) => status !== null)) {
      expect(timing).toMatchObject({ encodedBodySize: expect.any(Number) })
    }
    for (const { requestBytes, responseBytes } of entries) {
      expect([requestBytes > 200, responseBytes > 100]).toEqual([true, true])
    }
  }
})

test('the content security policy allows the two other origins on the comparison page only', async ({ app }) => {
  const policyOf = async (path: string) => {
    const { headers } = await call(app.origin + path, { headers: { accept: 'text/html' } })
    return String(headers['content-security-policy'])
  }

  expect(await policyOf('/compare')).toMatch(/connect-src 'self' https:\/\/localhost:\d+ https:\/\/127\.0\.0\.1:\d+;/)
  expect(await policyOf('/compare?from=home')).toMatch(/connect-src 'self' https:/)
  expect(await policyOf('/')).toContain('connect-src \'self\';')
})

test('links to and from the comparison page load a new document', async ({ page, problems }) => {
  problems.expect(LOGGED)
  await page.goto('/')
  await page.getByRole('link', { name: 'Compare' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('One origin or two?')
  await runComparison(page)
  await page.getByRole('link', { name: 'Session', exact: true }).click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('You carry the ticket.')

  expect(await page.evaluate(() => performance.getEntriesByType('navigation')[0]!.name)).not.toContain('/compare')
})

test('the page also diagnoses the app’s own session cookie', async ({ page }) => {
  await page.goto('/compare')
  const panel = page.getByRole('region', { name: 'Why is my cookie missing?' })
  await expect(panel.getByRole('status').locator('code')).toHaveText('cookie_missing')
  await page.getByRole('link', { name: 'Asking from elsewhere' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Why is my cookie missing?')
})

test('another origin serves nothing of the app, and only its own runs', async ({ app, page }) => {
  await page.goto('/compare')
  const other = await page.getByText(/^\s*https:\/\/127\.0\.0\.1:\d+\s*$/).first().innerText()
  for (const path of ['/', '/api/session', '/_compare/runs', '/_nuxt/']) {
    expect([path, (await call(other + path)).status]).toEqual([path, 404])
  }
  const { body } = await call(`${app.origin}/_compare/runs`, { method: 'POST', json: { delayMs: 0 } })
  const { id } = JSON.parse(body) as { id: string }

  expect((await call(`${other}/_compare/${id}/same-site-right/0/job`)).status).toBe(404)
  expect((await call(`${other}/_compare/${id}/cross-site-right/0/job`)).status).toBe(200)
})

test('a run whose server is unreachable has a result and no error', async ({ page, problems }) => {
  problems.expect(/net::ERR_FAILED/)
  problems.expect(LOGGED)
  await page.route(/^https:\/\/127\.0\.0\.1/, route => route.abort())
  const results = await runComparison(page)

  const crossSite = results.filter(({ id }) => id.startsWith('cross-site'))
  expect(new Set(crossSite.map(({ outcome }) => outcome))).toEqual(new Set(['Nothing arrived']))
  expect(results.find(({ id }) => id === 'same-site-right')!.outcome).toBe('Works')
})

const VIEWPORTS = { phone: { width: 390, height: 800 }, desktop: { width: 1280, height: 800 } }

for (const [device, viewport] of Object.entries(VIEWPORTS)) {
  test(`axe finds no violation on a ${device} before and after a run`, async ({ page, problems }) => {
    problems.expect(LOGGED)
    await page.setViewportSize(viewport)
    await page.goto('/compare')
    await expectAccessible(page)
    await runComparison(page)
    await page.getByRole('button', { name: 'No answer to the preflight' }).first().click()
    await expect(page.getByText('What the server saw')).toBeVisible()

    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width)
    await expectAccessible(page)
  })
}

/** Runs the comparison. Returns the JSON file that the page saves. */
async function exportedRun(page: Page): Promise<Report> {
  await runComparison(page)
  const button = page.getByRole('button', { name: 'Save as JSON' })
  const [download] = await Promise.all([page.waitForEvent('download'), button.click()])
  return JSON.parse(readFileSync(await download.path(), 'utf8')) as Report
}
