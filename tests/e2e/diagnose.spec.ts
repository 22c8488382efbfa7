import type { Page } from '@playwright/test'
import { expect, expectAccessible, test as base } from '../support/fixtures.ts'
import { call } from '../support/https.ts'
import { startPlainProxy } from '../support/loopback-proxy.ts'
import { startBuiltServer, type BuiltServer } from '../support/server.ts'
import { COOKIE_NAME, sessionPage, UUID } from '../support/session-page.ts'
import { dumpStore, expireSessions } from '../support/store.ts'

const ON = { NUXT_CLOAKROOM_DIAGNOSE: '1' }

const test = base.extend<object, { app: BuiltServer }>({
  app: [async ({}, use) => {
    const app = await startBuiltServer(ON)
    await use(app)
    await app.dispose()
  }, { scope: 'worker' }],
  launchOptions: [async ({ launchOptions }, use) => {
    // A host name of this machine other than localhost.
    const rule = '--host-resolver-rules=MAP cloakroom.test 127.0.0.1'
    await use({ ...launchOptions, args: [...launchOptions.args!, rule] })
  }, { scope: 'worker' }],
})

test.describe('the page', () => {
  test('reports that a new browser holds no cookie', async ({ page }) => {
    await expectFinding(page, 'cookie_missing', 'holds no session cookie')
  })

  test('reports an active session and changes nothing in the store', async ({ page, app }) => {
    await startSession(page)
    await page.goto('/diagnose')
    await expect(code(page)).toHaveText('active')
    const before = dumpStore(app.storeFile)
    const diagnosed = responsesTo(page, '/api/_session/diagnose', 3)
    await page.getByRole('button', { name: 'Ask again' }).click()
    await diagnosed
    await expect(page.getByText('brought the cookie')).toHaveCount(2)

    expect(dumpStore(app.storeFile)).toEqual(before)
    // The page sets a test cookie and deletes it.
    await expect.poll(async () => (await page.context().cookies()).map(({ name }) => name)).toEqual([COOKIE_NAME])
  })

  test('detects that the cookie belongs to another host name of this machine', async ({ page, app }) => {
    await startSession(page)
    const elsewhere = app.origin.replace('localhost', '127.0.0.1')
    const because = 'came to 127.0.0.1; since its start this server has set some for localhost only'
    await expectFinding(page, 'wrong_host', because, elsewhere)
  })

  test('detects the cookie of another program on another port', async ({ page }) => {
    const other = await startBuiltServer()
    await startSession(page, other.origin)
    await expectFinding(page, 'unknown_key', 'another program on this host, on any port')
    await other.dispose()
  })

  test('distinguishes an expired session from one that was signed out', async ({ page, context, app }) => {
    // After an event the page would request its session, and the server would record its end before the diagnosis.
    await page.route('**/api/_session/events', () => {})
    await startSession(page)
    await page.goto('/diagnose')
    await expect(code(page)).toHaveText('active')
    expireSessions(app.storeFile)
    await page.getByRole('button', { name: 'Ask again' }).click()
    await expect(code(page)).toHaveText('expired_idle')

    await context.clearCookies()
    await startSession(page)
    const [cookie] = await context.cookies()
    await sessionPage(page).endSession.click()
    await expect(sessionPage(page).startAgain).toBeVisible()
    await expectFinding(page, 'cookie_missing', 'or it ended and the cookie was cleared')
    await context.addCookies([cookie!])
    await expectFinding(page, 'signed_out', 'by signing out')
  })

  test('detects that the browser’s clock is wrong', async ({ page }) => {
    await page.clock.install({ time: Date.now() + 3 * 3_600_000 })
    await expectFinding(page, 'clock_off', 'clock is 3 hours ahead of the server')
    await expect(page.getByText('180 min ahead of the server’s')).toBeVisible()
  })

  test('reports that the server does not respond', async ({ page, problems }) => {
    problems.expect(/net::ERR_FAILED/)
    await page.goto('/diagnose')
    await expect(code(page)).toHaveText('cookie_missing')
    await page.route('**/api/_session/diagnose*', route => route.abort())
    await page.getByRole('button', { name: 'Ask again' }).click()
    await expect(code(page)).toHaveText('unreachable')
  })

  const viewports = { phone: { width: 390, height: 800 }, desktop: { width: 1280, height: 800 } }

  for (const [device, viewport] of Object.entries(viewports)) {
    test(`has no axe violation on a ${device} and is not too wide`, async ({ page }) => {
      await page.setViewportSize(viewport)
      await expectFinding(page, 'cookie_missing', '')
      await expectAccessible(page)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width)
    })
  }
})

test('a change of NUXT_CLOAKROOM_CROSS_SITE causes two cookies of one name', async ({ page, context }) => {
  const before = await startBuiltServer({
    ...ON,
    NUXT_CLOAKROOM_CROSS_SITE: '1',
    NUXT_CLOAKROOM_ALLOWED_ORIGINS: 'https://app.example',
  })
  await startSession(page, before.origin)
  await page.goto('about:blank')
  await before.stop()
  const after = await startBuiltServer({
    ...ON,
    PORT: new URL(before.origin).port,
    NUXT_CLOAKROOM_ORIGIN: before.origin,
    NUXT_CLOAKROOM_STORE: `sqlite:${before.storeFile}`,
  })
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

test('the page reports plain HTTP, over which the browser accepts the cookie from localhost only', async ({
  page, context, problems,
}) => {
  problems.expect(/Cross-Origin-Opener-Policy header has been ignored/)
  const app = await startBuiltServer({
    ...ON,
    NUXT_CLOAKROOM_BEHIND_PROXY: '1',
    NUXT_CLOAKROOM_TRUSTED_PROXIES: '127.0.0.1,::1',
    NITRO_HOST: '127.0.0.1',
    NUXT_CLOAKROOM_ORIGIN: 'https://cloakroom.test,https://localhost',
  })
  const proxy = await startPlainProxy(app.origin.replace('https://localhost', 'http://127.0.0.1'))
  await startSession(page, `http://cloakroom.test:${proxy.port}`)
  expect(await context.cookies()).toEqual([])
  const because = 'over plain HTTP, and __Host-session is a Secure cookie'
  await expectFinding(page, 'plain_http', because, `http://cloakroom.test:${proxy.port}`)

  await startSession(page, `http://localhost:${proxy.port}`)
  await expectFinding(page, 'active', 'Nothing is missing', `http://localhost:${proxy.port}`)
  await expect(page.getByRole('status').getByRole('listitem')).toContainText('over plain HTTP')
  await page.goto('about:blank')
  proxy.close()
  await app.dispose()
})

test('the app has no page, link or script of the diagnosis by default', async ({ page, problems }) => {
  problems.expect(/status of 404/)
  const off = await startBuiltServer()
  const diagnosis = await call(`${off.origin}/api/_session/diagnose`)
  const nothing = await call(`${off.origin}/api/_session/nonsense`)
  expect([diagnosis.status, diagnosis.body.replaceAll('diagnose', 'nonsense')]).toEqual([404, nothing.body])
  const scripts = new Set<string>()
  page.on('request', (request) => {
    if (request.url().endsWith('.js')) scripts.add(request.url())
  })
  await startSession(page, off.origin)
  await page.waitForLoadState('networkidle')
  await expect(page.getByRole('link', { name: 'Diagnose' })).toHaveCount(0)
  expect(await page.content()).not.toContain('session-diagnosis')
  for (const path of ['/diagnose', '/compare']) {
    expect((await page.goto(off.origin + path))!.status()).toBe(404)
    await page.waitForLoadState('networkidle')
  }
  await page.goto('about:blank')
  const loaded = await Promise.all([...scripts].map(url => call(url)))
  expect(loaded.length).toBeGreaterThan(3)
  expect(loaded.filter(({ body }) => /__Host-trial|One origin or two/.test(body))).toHaveLength(0)
  await off.dispose()
})

/** Resolves after this number of responses to calls of `path`. */
async function responsesTo(page: Page, path: string, count: number): Promise<void> {
  for (let received = 0; received < count; received++) {
    await page.waitForResponse(response => new URL(response.url()).pathname === path)
  }
}

function code(page: Page) {
  return page.getByRole('status').locator('code').first()
}

async function startSession(page: Page, origin = '') {
  await page.goto(`${origin}/`)
  await expect(sessionPage(page).value).toHaveValue(UUID)
}

async function expectFinding(page: Page, expected: string, because: string, origin = '') {
  await page.goto(`${origin}/diagnose`)
  await expect(code(page)).toHaveText(expected)
  await expect(page.getByRole('status').filter({ hasText: 'What to do:' })).toContainText(because)
}
