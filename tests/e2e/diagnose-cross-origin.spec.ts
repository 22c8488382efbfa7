import type { Page } from '@playwright/test'
import { serveClient } from '../fixtures/cross-origin-client/serve.ts'
import { openProfile, type CookieChoice } from '../support/compare-page.ts'
import { expect, test as base } from '../support/fixtures.ts'
import { startBuiltServer, type BuiltServer } from '../support/server.ts'
import { sessionPage, UUID } from '../support/session-page.ts'

interface Servers {
  /** Where the client is served. */
  client: string
  /** The app with the client on its list; another port is the same site. */
  app: BuiltServer
  /** The same with a cookie for use from another site; called as 127.0.0.1, which is one. */
  crossSite: BuiltServer
}

const test = base.extend<{ cookies: CookieChoice }, Servers>({
  client: [async ({}, use) => {
    const { origin, close } = await serveClient(0)
    await use(origin)
    await close()
  }, { scope: 'worker' }],
  app: [async ({ client }, use) => {
    const server = await startBuiltServer({ NUXT_SESSION_DIAGNOSE: '1', NUXT_SESSION_ALLOWED_ORIGINS: client })
    await use(server)
    await server.dispose()
  }, { scope: 'worker' }],
  crossSite: [async ({ client }, use) => {
    const server = await startBuiltServer({ NUXT_SESSION_DIAGNOSE: '1', NUXT_SESSION_ALLOWED_ORIGINS: client, NUXT_SESSION_CROSS_SITE: '1' })
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

test('credentials that were left out are told from a cookie that is not there', async ({ page, client, app }) => {
  await beginAtHome(page, app.origin)
  await openClient(page, `${client}/?credentials=off&api=${app.origin}`)
  await expectFinding(page, 'credentials_left_out', 'a call with credentials: \'same-origin\' leaves it out')

  await openClient(page, `${client}/?api=${app.origin}`)
  await expectFinding(page, 'alive', 'Nothing is missing')

  await page.context().clearCookies()
  await openClient(page, `${client}/?credentials=off&api=${app.origin}`)
  await expectFinding(page, 'cross_origin', 'it left out credentials, or the browser has none for it')
})

test('a Lax cookie stays at home when a page of another site calls', async ({ page, client, app }) => {
  const api = atAnotherSite(app)
  await beginAtHome(page, api)
  await openClient(page, `${client}/?api=${api}`)
  await expectFinding(page, 'cross_site_lax', 'the session cookie is SameSite=Lax')
})

test('an origin that is not listed learns no more than that it gets no answer', async ({ page, client, problems }) => {
  problems.expect(/blocked by CORS policy/)
  problems.expect(/net::ERR_FAILED/)
  const unlisted = await startBuiltServer({ NUXT_SESSION_DIAGNOSE: '1' })
  await page.goto(`${client}/?api=${unlisted.origin}`)
  await expect(page.getByRole('status')).toHaveText('Network Error')
  await expectFinding(page, 'unreachable', `set NUXT_SESSION_ALLOWED_ORIGINS=${client}`)
  await unlisted.dispose()
})

for (const [cookies, code, because] of [
  ['blocked', 'third_party_blocked', 'this browser says that it blocks third-party cookies'],
  ['allowed', 'cross_origin', 'the request does not show which'],
] as const) {
  test.describe(`with third-party cookies ${cookies}`, () => {
    test.use({ cookies })

    test('a session that was begun on the other site itself does not come along, and one that was begun from the page does', async ({ page, client, crossSite }) => {
      const api = atAnotherSite(crossSite)
      await beginAtHome(page, api)
      await openClient(page, `${client}/?credentials=off&api=${api}`) // The client's first call would begin one from here.
      await expectFinding(page, code, because)
      await openClient(page, `${client}/?api=${api}`)
      await expectFinding(page, 'alive', 'Nothing is missing')
    })
  })
}

test.describe('with all cookies blocked', () => {
  test.use({ cookies: 'none' })

  test('the page says that the browser keeps none', async ({ page, app }) => {
    await page.goto(`${app.origin}/diagnose`)
    await expect(page.getByRole('status').locator('code').first()).toHaveText('not_kept')
    await expect(page.getByText('not kept: one was set and was gone')).toBeVisible()
  })
})

function atAnotherSite(server: BuiltServer): string {
  return server.origin.replace('localhost', '127.0.0.1')
}

async function beginAtHome(page: Page, origin: string) {
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
