import type { BrowserContext, Page } from '@playwright/test'
import { devicesPage, newName, register, signIn } from '../support/account-page.ts'
import { expect, settled, test as base } from '../support/fixtures.ts'
import { startBuiltServer } from '../support/server.ts'
import { countTraffic, expectToldOfEnd, idleEnd } from '../support/session-page.ts'
import { expireSessions } from '../support/store.ts'

/** One device a user. */
const test = base.extend<object, { app: Awaited<ReturnType<typeof startBuiltServer>> }>({
  app: [async ({}, use) => {
    const app = await startBuiltServer({ NUXT_SESSION_MAX_PER_OWNER: '1' })
    await use(app)
    await app.dispose()
  }, { scope: 'worker' }],
})

test('a page whose clock says that its session has run out of time asks, leaves in both its tabs, and says why', async ({ context, app }) => {
  await context.route('**/api/_session/events', () => {}) // The server would tell it of the end.
  const tabs = await registerInTwoTabs(context)
  const end = await idleEnd(context)
  expireSessions(app.storeFile)
  await context.clock.setFixedTime(end + 1000) // The page's idea of the server's clock may lag behind it.

  await expectSignedOut(tabs, 'Your session ran out of time.')
})

test('a session that the store says is over, though its clocks run on, leaves its page in both its tabs, and says why', async ({ context, app }) => {
  const tabs = await registerInTwoTabs(context)
  const traffic = await Promise.all(tabs.map(countTraffic))
  expireSessions(app.storeFile)

  await expectSignedOut(tabs, 'Your session ran out of time.')
  expectToldOfEnd(traffic)
})

test('a session that gives way to a newer one is told so, leaves its page in both its tabs, and says why', async ({ context, browser, app }) => {
  const name = newName()
  const tabs = await registerInTwoTabs(context, name)
  const traffic = await Promise.all(tabs.map(countTraffic))
  const other = await browser.newContext({ baseURL: app.origin })
  await signIn(await other.newPage(), name)

  await expectSignedOut(tabs, 'You signed in on more devices than are allowed, so the oldest sign-in, this one, was ended.')
  expectToldOfEnd(traffic)
  await other.close()
})

test('a user who signs out in one tab leaves the page in the others too, which say why', async ({ context }) => {
  const [here, ...others] = await registerInTwoTabs(context)
  await devicesPage(here).headerSignOut.click()

  await expectSignedOut(others, 'You signed out in this browser.')
  await expect(here).toHaveURL('/')
})

test('a tab on its way out does not ask for what is over', async ({ context }) => {
  const [here, other] = await registerInTwoTabs(context)
  const asked: string[] = []
  const arrival = Promise.withResolvers<undefined>()
  await other.route('**/_nuxt/*.js', route => arrival.promise.then(() => route.continue())) // The page to sign in at is long in coming.
  other.on('request', request => asked.push(new URL(request.url()).pathname))
  const heard = other.waitForRequest('**/api/_session') // Of the session that the page `/` begins in the first tab. The list would be asked for before that.
  await devicesPage(here).headerSignOut.click()
  await heard
  arrival.resolve(undefined)

  await expect(other).toHaveURL('/sign-in?returnTo=/devices')
  expect(asked.filter(path => path === '/api/_session/devices')).toEqual([])
})

async function registerInTwoTabs(context: BrowserContext, name = newName()): Promise<[Page, Page]> {
  const tabs: [Page, Page] = [await context.newPage(), await context.newPage()]
  await register(tabs[0], name)
  await tabs[1].goto('/devices')
  for (const tab of tabs) await settled(tab)
  await expect.poll(() => tabs[0].evaluate(async () => (await navigator.locks.query()).held?.length)).toBe(1)
  return tabs
}

async function expectSignedOut(tabs: Page[], why: string): Promise<void> {
  await Promise.all(tabs.map(tab => expect(tab.getByText(why)).toBeVisible()))
  for (const tab of tabs) await expect(tab).toHaveURL('/sign-in?returnTo=/devices')
}
