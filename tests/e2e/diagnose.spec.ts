import type { Page } from '@playwright/test'
import { expect, expectAccessible, test as base } from '../support/fixtures.ts'
import { call } from '../support/https.ts'
import { startPlainProxy } from '../support/plain-proxy.ts'
import { startBuiltServer, type BuiltServer } from '../support/server.ts'
import { COOKIE_NAME, sessionPage, UUID } from '../support/session-page.ts'
import { dumpStore, expireSessions } from '../support/store.ts'

const ON = { NUXT_SESSION_DIAGNOSE: '1' }

const test = base.extend<object, { app: BuiltServer }>({
  app: [async ({}, use) => {
    const app = await startBuiltServer(ON)
    await use(app)
    await app.dispose()
  }, { scope: 'worker' }],
  // A name of this machine that is not localhost.
  launchOptions: [async ({ launchOptions }, use) => use({ ...launchOptions, args: [...launchOptions.args!, '--host-resolver-rules=MAP cloakroom.test 127.0.0.1'] }), { scope: 'worker' }],
})

test.describe('the page', () => {
  test('says of a browser that has never been here that it holds none', async ({ page }) => {
    await expectFinding(page, 'holds_none', 'holds no session cookie')
  })

  test('says that all is well where it is, and neither writes nor lengthens anything', async ({ page, app }) => {
    await beginSession(page)
    await page.goto('/diagnose')
    await expect(code(page)).toHaveText('alive')
    const before = dumpStore(app.storeFile)
    const asked = answersTo(page, '/api/_session/diagnose', 3)
    await page.getByRole('button', { name: 'Ask again' }).click()
    await asked
    await expect(page.getByText('brought the cookie')).toHaveCount(2)

    expect(dumpStore(app.storeFile)).toEqual(before)
    // The page tries a cookie, and takes it away again.
    await expect.poll(async () => (await page.context().cookies()).map(({ name }) => name)).toEqual([COOKIE_NAME])
  })

  test('tells a cookie of another host name of this machine', async ({ page, app }) => {
    await beginSession(page)
    const elsewhere = app.origin.replace('localhost', '127.0.0.1')
    await expectFinding(page, 'wrong_host', 'came to 127.0.0.1; since its start this server has given out some at localhost only', elsewhere)
  })

  test('tells a cookie of another program on another port', async ({ page }) => {
    const other = await startBuiltServer()
    await beginSession(page, other.origin)
    await expectFinding(page, 'unknown_key', 'another program on this host, whatever its port')
    await other.dispose()
  })

  test('tells an expired session from one that was signed out in another tab', async ({ page, context, app }) => {
    // A page that is told of the end would ask, and so have it entered as ended before the diagnosis looks at its clocks.
    await page.route('**/api/_session/events', () => {})
    await beginSession(page)
    await page.goto('/diagnose')
    await expect(code(page)).toHaveText('alive')
    expireSessions(app.storeFile)
    await page.getByRole('button', { name: 'Ask again' }).click()
    await expect(code(page)).toHaveText('expired_idle')

    await context.clearCookies()
    await beginSession(page)
    const [cookie] = await context.cookies()
    await sessionPage(page).endSession.click()
    await expect(sessionPage(page).startAgain).toBeVisible()
    await expectFinding(page, 'holds_none', 'or it was ended and the cookie cleared')
    await context.addCookies([cookie!])
    await expectFinding(page, 'signed_out', 'by signing out')
  })

  test('tells that the browser\'s clock is off', async ({ page }) => {
    await page.clock.install({ time: Date.now() + 3 * 3_600_000 })
    await expectFinding(page, 'clock_off', 'clock is 3 hours ahead of the server')
    await expect(page.getByText('180 min ahead of the server’s')).toBeVisible()
  })

  test('tells when the server does not answer', async ({ page, problems }) => {
    problems.expect(/net::ERR_FAILED/)
    await page.goto('/diagnose')
    await expect(code(page)).toHaveText('holds_none')
    await page.route('**/api/_session/diagnose*', route => route.abort())
    await page.getByRole('button', { name: 'Ask again' }).click()
    await expect(code(page)).toHaveText('unreachable')
  })

  for (const [device, viewport] of Object.entries({ phone: { width: 390, height: 800 }, desktop: { width: 1280, height: 800 } })) {
    test(`on a ${device} axe finds nothing, and nothing is cut off`, async ({ page }) => {
      await page.setViewportSize(viewport)
      await expectFinding(page, 'holds_none', '')
      await expectAccessible(page)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width)
    })
  }
})

test('two cookies of one name stand side by side after the cookie became one for another site', async ({ page, context }) => {
  const before = await startBuiltServer({ ...ON, NUXT_SESSION_CROSS_SITE: '1', NUXT_SESSION_ALLOWED_ORIGINS: 'https://app.example' })
  await beginSession(page, before.origin)
  await page.goto('about:blank')
  await before.stop()
  const after = await startBuiltServer({ ...ON, PORT: new URL(before.origin).port, NUXT_SESSION_ORIGIN: before.origin, NUXT_SESSION_STORE: `sqlite:${before.storeFile}` })
  await page.goto(before.origin)
  const registered = await page.evaluate(async () => (await fetch('/api/account/register', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'ada-twice', password: 'correct cloakroom staple' }),
  })).status)
  expect([registered, (await context.cookies()).length]).toEqual([201, 2])
  await expectFinding(page, 'duplicate', 'Two cookies named __Host-session came with different values', before.origin)
  await page.goto('about:blank')
  await after.dispose()
  await before.dispose()
})

test('over plain HTTP the browser drops the cookie, but for localhost, and the page says so', async ({ page, context, problems }) => {
  problems.expect(/Cross-Origin-Opener-Policy header has been ignored/)
  const app = await startBuiltServer({ ...ON, NUXT_SESSION_BEHIND_PROXY: '1', NUXT_SESSION_TRUSTED_PROXIES: '127.0.0.1,::1', NITRO_HOST: '127.0.0.1', NUXT_SESSION_ORIGIN: 'https://cloakroom.test,https://localhost' })
  const proxy = await startPlainProxy(app.origin.replace('https://localhost', 'http://127.0.0.1'))
  await beginSession(page, `http://cloakroom.test:${proxy.port}`)
  expect(await context.cookies()).toEqual([])
  await expectFinding(page, 'plain_http', 'over plain HTTP, and __Host-session is a Secure cookie', `http://cloakroom.test:${proxy.port}`)

  await beginSession(page, `http://localhost:${proxy.port}`)
  await expectFinding(page, 'alive', 'Nothing is missing', `http://localhost:${proxy.port}`)
  await expect(page.getByRole('status').getByRole('listitem')).toContainText('over plain HTTP')
  await page.goto('about:blank')
  proxy.close()
  await app.dispose()
})

test('off, which is the default, there is no page, no link, and no script of it is loaded', async ({ page, problems }) => {
  problems.expect(/status of 404/)
  const off = await startBuiltServer()
  const diagnosis = await call(`${off.origin}/api/_session/diagnose`)
  const nothing = await call(`${off.origin}/api/_session/nonsense`)
  expect([diagnosis.status, diagnosis.body.replaceAll('diagnose', 'nonsense')]).toEqual([404, nothing.body])
  const scripts = new Set<string>()
  page.on('request', request => request.url().endsWith('.js') && scripts.add(request.url()))
  await beginSession(page, off.origin)
  await page.waitForLoadState('networkidle')
  await expect(page.getByRole('link', { name: 'Diagnose' })).toHaveCount(0)
  expect(await page.content()).not.toContain('session-diagnosis')
  for (const path of ['/diagnose', '/compare']) {
    expect((await page.goto(off.origin + path))!.status()).toBe(404)
    await page.waitForLoadState('networkidle')
  }
  await page.goto('about:blank')
  const loaded = await Promise.all([...scripts].map(url => call(url)))
  expect([loaded.length > 3, loaded.filter(({ body }) => /__Host-trial|One origin or two/.test(body)).length]).toEqual([true, 0])
  await off.dispose()
})

/** Resolves with the answer to the last of so many calls. */
async function answersTo(page: Page, path: string, count: number): Promise<void> {
  for (let answered = 0; answered < count; answered++) await page.waitForResponse(response => new URL(response.url()).pathname === path)
}

function code(page: Page) {
  return page.getByRole('status').locator('code').first()
}

async function beginSession(page: Page, origin = '') {
  await page.goto(`${origin}/`)
  await expect(sessionPage(page).value).toHaveValue(UUID)
}

async function expectFinding(page: Page, expected: string, because: string, origin = '') {
  await page.goto(`${origin}/diagnose`)
  await expect(code(page)).toHaveText(expected)
  await expect(page.getByRole('status').filter({ hasText: 'What to do:' })).toContainText(because)
}
