import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import type { Report } from '../../composables/compare/export.ts'
import { SCENARIOS } from '../../shared/compare/scenarios.ts'
import { comparisonEnv, openProfile, runComparison, type ShownResult, type ThirdPartyCookies } from '../support/compare-page.ts'
import { outcomeTable, replaceTable } from '../support/compare-table.ts'
import { expect, expectAccessible, test as base } from '../support/fixtures.ts'
import { call } from '../support/https.ts'
import { startBuiltServer } from '../support/server.ts'

const DOCUMENT = join(import.meta.dirname, '../../docs/cross-origin.md')

/** What Chromium logs of calls that are wrong on purpose. */
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

/** What a browser gave, by scenario without its target: the same for both targets unless they differ. */
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

    test('every scenario comes out as this browser has it', async ({ page, problems }) => {
      problems.expect(LOGGED)
      const results = await runComparison(page)
      shown[thirdPartyCookies] = results

      const expected = SCENARIOS.map(({ id, target, kind }) => [id, (OUTCOMES[thirdPartyCookies][target] as Record<string, string>)[kind]])
      expect(results.map(({ id, outcome }) => [id, outcome])).toEqual(expected)
    })
  })
}

test('the table in the documentation is what Chromium gave', () => {
  const table = outcomeTable(shown.allowed!, shown.blocked!)
  const text = readFileSync(DOCUMENT, 'utf8')
  if (process.env.UPDATE_DOCS) writeFileSync(DOCUMENT, replaceTable(text, table))

  expect(readFileSync(DOCUMENT, 'utf8')).toBe(replaceTable(text, table))
})

test('a run tells what the browser stored as the browser itself has it', async ({ page, context, problems }) => {
  problems.expect(LOGGED)
  const { results } = await exportedRun(page)
  const jar = (await context.cookies()).filter(({ name }) => name === 'compare').map(({ path }) => path.split('/')[3])

  for (const { scenario, cookie } of results) expect([scenario.id, jar.includes(scenario.id)]).toEqual([scenario.id, cookie.stored])
})

test('a run says which requests there were, and who they came from', async ({ page, problems }) => {
  problems.expect(LOGGED)
  const { results, summary, origins } = await exportedRun(page)
  const find = (id: string) => results.find(({ scenario }) => scenario.id === id)!
  const seen = (id: string) => find(id).seen.map(({ method, origin, secFetchSite, cookieSent }) => ({ method, origin, secFetchSite, cookieSent }))

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
    for (const { timing } of made.filter(({ status }) => status !== null)) expect(timing).toMatchObject({ encodedBodySize: expect.any(Number) })
    for (const { requestBytes, responseBytes } of entries) expect([requestBytes > 200, responseBytes > 100]).toEqual([true, true])
  }
})

test('the policy lets the two other origins in on the comparison\'s page, and on no other', async ({ app }) => {
  const policyOf = async (path: string) => String((await call(app.origin + path, { headers: { accept: 'text/html' } })).headers['content-security-policy'])

  expect(await policyOf('/compare')).toMatch(/connect-src 'self' https:\/\/localhost:\d+ https:\/\/127\.0\.0\.1:\d+;/)
  expect(await policyOf('/compare?from=home')).toMatch(/connect-src 'self' https:/)
  expect(await policyOf('/')).toContain('connect-src \'self\';')
})

test('the page is loaded anew from another page, and left so', async ({ page, problems }) => {
  problems.expect(LOGGED)
  await page.goto('/')
  await page.getByRole('link', { name: 'Compare' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('One origin or two?')
  await runComparison(page)
  await page.getByRole('link', { name: 'Session', exact: true }).click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('You carry the ticket.')

  expect(await page.evaluate(() => performance.getEntriesByType('navigation')[0]!.name)).not.toContain('/compare')
})

test('the page also says why the app\'s own cookie is missing', async ({ page }) => {
  await page.goto('/compare')
  const panel = page.getByRole('region', { name: 'Why is my cookie missing?' })
  await expect(panel.getByRole('status').locator('code')).toHaveText('holds_none')
  await page.getByRole('link', { name: 'Asking from elsewhere' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Why is my cookie missing?')
})

test('another origin serves nothing of the app, and no run of another origin', async ({ app, page }) => {
  await page.goto('/compare')
  const other = await page.getByText(/^\s*https:\/\/127\.0\.0\.1:\d+\s*$/).first().innerText()
  for (const path of ['/', '/api/session', '/_compare/runs', '/_nuxt/']) expect((await call(other + path)).status).toBe(404)
  const { id } = JSON.parse((await call(`${app.origin}/_compare/runs`, { method: 'POST', json: { delayMs: 0 } })).body) as { id: string }

  expect((await call(`${other}/_compare/${id}/same-site-right/0/job`)).status).toBe(404)
  expect((await call(`${other}/_compare/${id}/cross-site-right/0/job`)).status).toBe(200)
})

test('a run that is stopped by a server that went away is a result, not an error', async ({ page, problems }) => {
  problems.expect(/net::ERR_FAILED/)
  problems.expect(LOGGED)
  await page.route(/^https:\/\/127\.0\.0\.1/, route => route.abort())
  const results = await runComparison(page)

  const crossSite = results.filter(({ id }) => id.startsWith('cross-site'))
  expect(new Set(crossSite.map(({ outcome }) => outcome))).toEqual(new Set(['Nothing arrived']))
  expect(results.find(({ id }) => id === 'same-site-right')!.outcome).toBe('Works')
})

for (const [device, viewport] of Object.entries({ phone: { width: 390, height: 800 }, desktop: { width: 1280, height: 800 } })) {
  test(`on a ${device} axe finds nothing before and after a run, and nothing is cut off`, async ({ page, problems }) => {
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

/** A run, as the page saves it. */
async function exportedRun(page: Page): Promise<Report> {
  await runComparison(page)
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save as JSON' }).click()])
  return JSON.parse(readFileSync(await download.path(), 'utf8')) as Report
}
