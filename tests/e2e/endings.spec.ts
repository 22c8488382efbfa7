import type { BrowserContext, Page } from '@playwright/test'
import { devicesPage, newName, register, signIn } from '../support/account-page.ts'
import { expect, hydrated, test as base } from '../support/fixtures.ts'
import { startBuiltServer } from '../support/server.ts'
import { expectOneEndedEvent, idleExpiresAt, recordTraffic } from '../support/session-page.ts'
import { expireSessions } from '../support/store.ts'

/** The app with a limit of one session per user. */
const test = base.extend<object, { app: Awaited<ReturnType<typeof startBuiltServer>> }>({
  app: [async ({}, use) => {
    const app = await startBuiltServer({ NUXT_CLOAKROOM_MAX_PER_USER: '1' })
    await use(app)
    await app.dispose()
  }, { scope: 'worker' }],
})

test('both tabs redirect and say why when their clock reaches the idle timeout', async ({ context, app }) => {
  await context.route('**/api/_session/events', () => {}) // Otherwise the server would send an event first.
  const tabs = await registerInTwoTabs(context)
  const end = await idleExpiresAt(context)
  expireSessions(app.storeFile)
  await context.clock.setFixedTime(end + 1000) // The page's estimate of the server's clock may be behind.

  await expectSignedOut(tabs, 'Your session ran out of time.')
})

test('both tabs redirect and say why when the session expires in the store', async ({ context, app }) => {
  const tabs = await registerInTwoTabs(context)
  const traffic = await Promise.all(tabs.map(recordTraffic))
  expireSessions(app.storeFile)

  await expectSignedOut(tabs, 'Your session ran out of time.')
  expectOneEndedEvent(traffic)
})

test('both tabs redirect and say why when a newer session evicts theirs', async ({ context, browser, app }) => {
  const name = newName()
  const tabs = await registerInTwoTabs(context, name)
  const traffic = await Promise.all(tabs.map(recordTraffic))
  const other = await browser.newContext({ baseURL: app.origin })
  await signIn(await other.newPage(), name)

  const why = 'You signed in on more devices than are allowed, so the oldest sign-in, this one, was ended.'
  await expectSignedOut(tabs, why)
  expectOneEndedEvent(traffic)
  await other.close()
})

test('signing out in one tab redirects the other tab, which says why', async ({ context }) => {
  const [here, ...others] = await registerInTwoTabs(context)
  await devicesPage(here).headerSignOut.click()

  await expectSignedOut(others, 'You signed out in this browser.')
  await expect(here).toHaveURL('/')
})

test('a tab that is redirecting requests no devices of the ended session', async ({ context }) => {
  const [here, other] = await registerInTwoTabs(context)
  const requested: string[] = []
  const release = Promise.withResolvers<undefined>()
  // Delays the sign-in page.
  await other.route('**/_nuxt/*.js', route => release.promise.then(() => route.continue()))
  other.on('request', request => requested.push(new URL(request.url()).pathname))
  // For the session that the page `/` starts in the first tab. The list would be requested before that.
  const refreshed = other.waitForRequest('**/api/_session')
  await devicesPage(here).headerSignOut.click()
  await refreshed
  release.resolve(undefined)

  await expect(other).toHaveURL('/sign-in?returnTo=/devices')
  expect(requested.filter(path => path === '/api/_session/devices')).toEqual([])
})

async function registerInTwoTabs(context: BrowserContext, name = newName()): Promise<[Page, Page]> {
  const tabs: [Page, Page] = [await context.newPage(), await context.newPage()]
  await register(tabs[0], name)
  await tabs[1].goto('/devices')
  for (const tab of tabs) await hydrated(tab)
  await expect.poll(() => tabs[0].evaluate(async () => (await navigator.locks.query()).held?.length)).toBe(1)
  return tabs
}

async function expectSignedOut(tabs: Page[], why: string): Promise<void> {
  await Promise.all(tabs.map(tab => expect(tab.getByText(why)).toBeVisible()))
  for (const tab of tabs) await expect(tab).toHaveURL('/sign-in?returnTo=/devices')
}
