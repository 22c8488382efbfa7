import type { Page } from '@playwright/test'
import { serveClient } from '../fixtures/cross-origin-client/serve.ts'
import { openProfile, type CookieSetting } from '../support/compare-page.ts'
import { expect, test as base } from '../support/fixtures.ts'
import { startBuiltServer, type BuiltServer } from '../support/server.ts'
import { sessionPage, UUID } from '../support/session-page.ts'

interface Servers {
  /** The client's origin. */
  client: string
  /** The app with the client on its allowlist. Another port is the same site. */
  app: BuiltServer
  /** The same with a cookie for calls from another site. It is called as 127.0.0.1, which is another site. */
  crossSite: BuiltServer
}

const test = base.extend<{ cookies: CookieSetting }, Servers>({
  client: [async ({}, use) => {
    const { origin, close } = await serveClient(0)
    await use(origin)
    await close()
  }, { scope: 'worker' }],
  app: [async ({ client }, use) => {
    const server = await startBuiltServer({ NUXT_CLOAKROOM_DIAGNOSE: '1', NUXT_CLOAKROOM_ALLOWED_ORIGINS: client })
    await use(server)
    await server.dispose()
  }, { scope: 'worker' }],
  crossSite: [async ({ client }, use) => {
    const server = await startBuiltServer({
      NUXT_CLOAKROOM_DIAGNOSE: '1',
      NUXT_CLOAKROOM_ALLOWED_ORIGINS: client,
      NUXT_CLOAKROOM_CROSS_SITE: '1',
    })
    await use(server)
    await server.dispose()
  }, { scope: 'worker' }],
  cookies: ['allowed', { option: true }],
  context: async ({ cookies, launchOptions, baseURL }, use) => {
    const { context, close } = await openProfile(cookies, { ...launchOptions, baseURL })
    await use(context)
    await close()
  },
})

test('the client distinguishes omitted credentials from a missing cookie', async ({ page, client, app }) => {
  await startSession(page, app.origin)
  await openClient(page, `${client}/?credentials=off&api=${app.origin}`)
  await expectFinding(page, 'credentials_omitted', 'a call with credentials: \'same-origin\' omits it')

  await openClient(page, `${client}/?api=${app.origin}`)
  await expectFinding(page, 'active', 'Nothing is missing')

  await page.context().clearCookies()
  await openClient(page, `${client}/?credentials=off&api=${app.origin}`)
  await expectFinding(page, 'cross_origin', 'it omitted credentials, or the browser has no cookie for it')
})

test('a page of another site gets no Lax cookie', async ({ page, client, app }) => {
  const api = atAnotherSite(app)
  await startSession(page, api)
  await openClient(page, `${client}/?api=${api}`)
  await expectFinding(page, 'cross_site_lax', 'the session cookie is SameSite=Lax')
})

test('a client that is not on the allowlist reports no response', async ({ page, client, problems }) => {
  problems.expect(/blocked by CORS policy/)
  problems.expect(/net::ERR_FAILED/)
  const unlisted = await startBuiltServer({ NUXT_CLOAKROOM_DIAGNOSE: '1' })
  await page.goto(`${client}/?api=${unlisted.origin}`)
  await expect(page.getByRole('status')).toHaveText('Network Error')
  await expectFinding(page, 'unreachable', `set NUXT_CLOAKROOM_ALLOWED_ORIGINS=${client}`)
  await unlisted.dispose()
})

for (const [cookies, code, because] of [
  ['blocked', 'third_party_blocked', 'this browser says that it blocks third-party cookies'],
  ['allowed', 'cross_origin', 'the request does not show which'],
] as const) {
  test.describe(`with third-party cookies ${cookies}`, () => {
    test.use({ cookies })

    test('the other site’s own session is not sent, and one started by the client is', async ({
      page, client, crossSite,
    }) => {
      const api = atAnotherSite(crossSite)
      await startSession(page, api)
      // With credentials, the client's first call would start a session.
      await openClient(page, `${client}/?credentials=off&api=${api}`)
      await expectFinding(page, code, because)
      await openClient(page, `${client}/?api=${api}`)
      await expectFinding(page, 'active', 'Nothing is missing')
    })
  })
}

test.describe('with all cookies blocked', () => {
  test.use({ cookies: 'none' })

  test('the page says that the browser stores no cookies', async ({ page, app }) => {
    await page.goto(`${app.origin}/diagnose`)
    await expect(page.getByRole('status').locator('code').first()).toHaveText('cookie_rejected')
    await expect(page.getByText('not kept: one was set and was gone')).toBeVisible()
  })
})

function atAnotherSite(server: BuiltServer): string {
  return server.origin.replace('localhost', '127.0.0.1')
}

async function startSession(page: Page, origin: string) {
  await page.goto(origin)
  await expect(sessionPage(page).value).toHaveValue(UUID)
}

async function openClient(page: Page, url: string) {
  await page.goto(url)
  await expect(page.getByRole('textbox', { name: 'Session value' })).toHaveValue(UUID)
}

async function expectFinding(page: Page, code: string, because: string) {
  await page.getByRole('button', { name: 'Why is my cookie missing?' }).click()
  await expect(page.getByRole('status')).toHaveText(new RegExp(`^${code}: `))
  await expect(page.getByRole('status')).toContainText(because)
}
