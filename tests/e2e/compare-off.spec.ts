import { once } from 'node:events'
import { connect } from 'node:net'
import { comparisonEnv } from '../support/compare-page.ts'
import { expect, test } from '../support/fixtures.ts'
import { call } from '../support/https.ts'
import { startBuiltServer } from '../support/server.ts'

const OFF = ['', '0', 'false']

test('an app without the comparison has none of its pages, routes, headers and links', async ({ app, page }) => {
  expect((await call(`${app.origin}/compare`, { headers: { accept: 'text/html' } })).status).toBe(404)
  const run = await call(`${app.origin}/_compare/runs`, { method: 'POST', json: { delayMs: 0 } })
  expect(run.status).toBe(404)
  expect(run.body).not.toContain('"id"')
  for (const path of ['/', '/api/session', '/compare', '/_compare/runs']) {
    const { headers } = await call(app.origin + path, {
      headers: { 'accept': 'text/html', 'origin': 'https://localhost:2015', 'sec-fetch-site': 'same-site' },
    })
    expect(Object.keys(headers).filter(name => /^access-control-|^timing-allow-origin$/.test(name))).toEqual([])
    expect(String(headers['content-security-policy'])).not.toContain('https:')
  }
  await page.goto('/')
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await expect(page.getByRole('link', { name: 'Compare' })).toHaveCount(0)
  expect(await page.content()).not.toContain('comparison-ports')
})

for (const value of OFF) {
  test(`the comparison listens on no port with NUXT_COMPARE=${JSON.stringify(value)}`, async () => {
    const env = await comparisonEnv()
    const app = await startBuiltServer({ ...env, NUXT_COMPARE: value })
    for (const port of [env.NUXT_COMPARE_SAME_SITE_PORT, env.NUXT_COMPARE_CROSS_SITE_PORT]) {
      const [error] = await once(connect(Number(port), '127.0.0.1'), 'error') as [NodeJS.ErrnoException]
      expect(error.code).toBe('ECONNREFUSED')
    }
    expect(app.logs.join('\n')).not.toMatch(/comparison/i)
    await app.dispose()
  })
}

test('the content security policy blocks calls to another origin', async ({ page, problems }) => {
  problems.expect(/connect-src/)
  problems.allow(/Refused to connect/)
  await page.goto('/')
  const sent = await page.evaluate(() => fetch('https://localhost:2015/').then(() => true, () => false))

  expect(sent).toBe(false)
})
