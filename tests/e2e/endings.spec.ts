import type { BrowserContext, Page } from '@playwright/test'
import { AT_ONCE, devicesPage, newName, register, signIn } from '../support/account-page.ts'
import { expect, settled, test as base } from '../support/fixtures.ts'
import { call } from '../support/https.ts'
import { startBuiltServer } from '../support/server.ts'
import { sessionCookie } from '../support/session-page.ts'
import { expireSessions } from '../support/store.ts'

/** Long enough to sign in on another device meanwhile, on a busy machine too. */
const IDLE_TIMEOUT_MS = 15_000
/** The server looks each half a second whether another process has written to the file. Long before the session would run out of time anyway. */
const FOUND_MS = 4000

/** One device a user, and sessions that soon end by themselves. */
const test = base.extend<object, { app: Awaited<ReturnType<typeof startBuiltServer>> }>({
  app: [async ({}, use) => {
    const app = await startBuiltServer({ NUXT_SESSION_MAX_PER_OWNER: '1', NUXT_SESSION_IDLE_TIMEOUT: `${IDLE_TIMEOUT_MS}ms` })
    await use(app)
    await app.dispose()
  }, { scope: 'worker' }],
})

test('a session that runs out of time leaves its page within a second in both its tabs, and says why', async ({ context, app }) => {
  test.slow()
  const tabs = await registerInTwoTabs(context)
  const { body } = await call(`${app.origin}/api/_session`, { cookie: await sessionCookie(context) })
  const { session } = JSON.parse(body) as { session: { idleExpiresAt: number } }

  await expectSignedOut(tabs, 'Your session ran out of time.', session.idleExpiresAt - Date.now() + AT_ONCE.timeout)
})

test('a session that the store says is over, though its clocks run on, leaves its page in both its tabs, and says why', async ({ context, app }) => {
  const tabs = await registerInTwoTabs(context)
  expireSessions(app.storeFile)

  await expectSignedOut(tabs, 'Your session ran out of time.', FOUND_MS)
})

test('a session that gives way to a newer one leaves its page within a second in both its tabs, and says why', async ({ context, browser, app }) => {
  const name = newName()
  const tabs = await registerInTwoTabs(context, name)
  const other = await browser.newContext({ baseURL: app.origin })
  await signIn(await other.newPage(), name)

  await expectSignedOut(tabs, 'You signed in on more devices than are allowed, so the oldest sign-in, this one, was ended.')
  await other.close()
})

test('whoever signs out in one tab leaves the page within a second in the others too, which say why', async ({ context }) => {
  const [here, ...others] = await registerInTwoTabs(context)
  await here.getByRole('button', { name: 'Not now' }).click() // The end is near, and warned of.
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
  await here.getByRole('button', { name: 'Not now' }).click()
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

async function expectSignedOut(tabs: Page[], why: string, timeout = AT_ONCE.timeout): Promise<void> {
  await Promise.all(tabs.map(tab => expect(tab.getByText(why)).toBeVisible({ timeout })))
  for (const tab of tabs) await expect(tab).toHaveURL('/sign-in?returnTo=/devices')
}
