import type { BrowserContext, Page } from '@playwright/test'
import { devicesPage, newName, register } from '../support/account-page.ts'
import { expect, expectAccessible, test } from '../support/fixtures.ts'
import { call } from '../support/https.ts'
import type { BuiltServer } from '../support/server.ts'
import { sessionCookie } from '../support/session-page.ts'
import { hideStore } from '../support/store.ts'

const STALE = 'The server does not answer just now.'

for (const path of ['/devices', '/account']) {
  test(`${path} says that the store does not answer, signs nobody out, and says no more once it does`, async ({ page, context, app, problems }) => {
    problems.expect(/status of 503/)
    await page.clock.install()
    await register(page, newName(), path)
    await expect(staleLine(page)).toBeHidden()
    const putBack = await takeStoreAway(app, context)
    await comeBackLater(page)
    await expect(staleLine(page)).toBeVisible()
    await expect(page).toHaveURL(path)
    await expect(devicesPage(page).headerSignOut).toBeVisible()
    await expectAccessible(page)
    putBack()

    await expect(staleLine(page)).toBeHidden()
    await expect(page).toHaveURL(path)
    expect(await context.cookies()).toHaveLength(1)
  })
}

test('a server that is away is told of with nothing pressed, and so is that it is back', async ({ page, app, problems }) => {
  problems.allow(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|NUXT_E5002/)
  await register(page, newName())
  await expect(devicesPage(page).devices).toHaveCount(1)
  await app.stop()
  await expect(staleLine(page)).toBeVisible()
  await app.start()

  await expect(staleLine(page)).toBeHidden()
  await expect(devicesPage(page).heading).toBeVisible()
})

test('the page that tells of outages itself does not tell twice', async ({ page, context, app, problems }) => {
  problems.expect(/status of 503/)
  await page.clock.install()
  await register(page, newName(), '/')
  const putBack = await takeStoreAway(app, context)
  let refused = 0
  page.on('response', response => refused += Number(response.status() === 503))
  await comeBackLater(page)
  await expect(page.getByText('The session store does not answer.')).toBeVisible()
  await expect.poll(() => refused, 'the page has asked, and the header').toBeGreaterThan(1)
  await expect(staleLine(page)).toHaveCount(0)
  putBack()
})

function staleLine(page: Page) {
  return page.getByRole('status').filter({ hasText: STALE })
}

/** Resolves once the server has noticed; the result puts the store back. */
async function takeStoreAway({ origin, storeFile }: BuiltServer, context: BrowserContext): Promise<() => void> {
  const cookie = await sessionCookie(context)
  const putBack = hideStore(storeFile)
  await expect.poll(async () => (await call(`${origin}/api/_session`, { cookie })).status).toBe(503)
  return putBack
}

/** As somebody does who has looked at another tab for a while. */
async function comeBackLater(page: Page): Promise<void> {
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
