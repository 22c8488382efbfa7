import type { BrowserContext, Page } from '@playwright/test'
import { devicesPage, newName, register } from '../support/account-page.ts'
import { expect, expectAccessible, SERVER_DOWN, STREAM_CUT, test } from '../support/fixtures.ts'
import { call } from '../support/https.ts'
import type { BuiltServer } from '../support/server.ts'
import { sessionCookie } from '../support/session-page.ts'
import { hideStore } from '../support/store.ts'

const OUTAGE = 'The server is not responding. What you see may be out of date; you are still signed in.'

for (const path of ['/devices', '/account']) {
  test(`${path} shows an outage of the store until it ends, and the user stays signed in`, async ({
    page, context, app, problems,
  }) => {
    problems.expect(/status of 503/)
    await page.clock.install()
    await register(page, newName(), path)
    await expect(outageMessage(page)).toBeHidden()
    const restoreStore = await removeStore(app, context)
    await returnLater(page)
    await expect(outageMessage(page)).toBeVisible()
    await expect(page).toHaveURL(path)
    await expect(devicesPage(page).headerSignOut).toBeVisible()
    await expectAccessible(page)
    restoreStore()

    await expect(outageMessage(page)).toBeHidden()
    await expect(page).toHaveURL(path)
    expect(await context.cookies()).toHaveLength(1)
  })
}

test('the page shows by itself that the server is down, and that it is up again', async ({ page, app, problems }) => {
  problems.allow(SERVER_DOWN)
  problems.allow(STREAM_CUT)
  await register(page, newName())
  await expect(devicesPage(page).devices).toHaveCount(1)
  await app.stop()
  await expect(outageMessage(page)).toBeVisible()
  await app.start()

  await expect(outageMessage(page)).toBeHidden()
  await expect(devicesPage(page).heading).toBeVisible()
})

test('the page that shows outages itself does not show them twice', async ({ page, context, app, problems }) => {
  problems.expect(/status of 503/)
  await page.clock.install()
  await register(page, newName(), '/')
  const restoreStore = await removeStore(app, context)
  let refused = 0
  page.on('response', (response) => {
    if (response.status() === 503) refused++
  })
  await returnLater(page)
  await expect(page.getByText('The session cannot be refreshed.')).toBeVisible()
  expect(refused).toBeGreaterThan(0)
  await expect(outageMessage(page)).toHaveCount(0)
  restoreStore()
})

function outageMessage(page: Page) {
  return page.getByRole('status').filter({ hasText: OUTAGE })
}

/** Resolves when the server responds with 503. The returned function restores the store. */
async function removeStore({ origin, storeFile }: BuiltServer, context: BrowserContext): Promise<() => void> {
  const cookie = await sessionCookie(context)
  const restore = hideStore(storeFile)
  await expect.poll(async () => (await call(`${origin}/api/_session`, { cookie })).status).toBe(503)
  return restore
}

/** Makes the page visible again, as for a user who returns from another tab after two minutes. */
async function returnLater(page: Page): Promise<void> {
  await page.clock.fastForward('02:00')
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
  })
  await page.evaluate(() => {
    Reflect.deleteProperty(document, 'visibilityState')
    document.dispatchEvent(new Event('visibilitychange'))
  })
}
