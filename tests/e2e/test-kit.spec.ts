import { signedIn } from '../../packages/nuxt-cloakroom/src/testing/playwright.ts'
import { PASSWORD, devicesPage, newName, register } from '../support/account-page.ts'
import { test as base, expect } from '../support/fixtures.ts'
import { sessionCookie } from '../support/session-page.ts'
import type { BuiltServer } from '../support/server.ts'
import { changeWith } from '../support/store.ts'

const signIns: string[] = []

const test = signedIn(base, async (request) => {
  const name = newName()
  const response = await request.post('/api/account/register', { data: { name, password: PASSWORD } })
  expect(response.status()).toBe(201)
  expect((await request.post('/api/_session/extend')).status()).toBe(200) // Refused without an Origin.
  signIns.push(name)
})

// The local certificate is trusted by the browser only.
test.use({ ignoreHTTPSErrors: true })
test.describe.configure({ mode: 'serial' })

let saved: Awaited<ReturnType<import('@playwright/test').BrowserContext['storageState']>>

const change = (app: BuiltServer, path: string, value: number) => changeWith(app.storeFile, store =>
  store.exec(`UPDATE sessions SET value = json_set(value, '$.${path}', ${value})`))

test('signs in before the first test, whose session then gets a new secret', async ({ page, context, app }) => {
  saved = await context.storageState()
  const before = await sessionCookie(context)
  change(app, 'rotatedAt', 0)
  await page.goto('/devices')
  await expect(devicesPage(page).heading).toBeVisible()
  expect(await sessionCookie(context)).not.toBe(before)
  await page.reload() // The first use of the new secret.
  await expect(devicesPage(page).heading).toBeVisible()
  change(app, 'previous.grace.until', 1)
  await page.evaluate(() => localStorage.setItem('cart', 'full'))
})

test('continues in the next test, in which a cookie that was saved once is that of a stranger', async ({
  page, browser, baseURL,
}) => {
  await page.goto('/devices')
  await expect(devicesPage(page).heading).toBeVisible()
  const stranger = await browser.newContext({ storageState: saved, baseURL, ignoreHTTPSErrors: true })
  const strangersPage = await stranger.newPage()
  await strangersPage.goto('/devices')
  await expect(strangersPage).toHaveURL(/\/sign-in\?returnTo=/)
  await stranger.close()
  expect(signIns).toHaveLength(1)
})

test('signs in again if that has ended the session, and carries nothing else over', async ({ page }) => {
  await page.goto('/devices')
  expect(await page.evaluate(() => localStorage.getItem('cart'))).toBeNull()
  expect(signIns).toHaveLength(2)
})

test.describe('with a state of its own', () => {
  test.use({ storageState: { cookies: [], origins: [] } })

  test('a test is left alone', async ({ page }) => {
    await page.goto('/devices')
    await expect(page).toHaveURL(/\/sign-in\?returnTo=/)
    await register(page, newName())
  })
})

test('does not take the user of such a test over', async ({ page, context }) => {
  await page.goto('/devices')
  await expect(page.getByRole('banner').getByText(signIns[1]!)).toBeVisible()
  await context.close()
})

test('lets a test sign in as another user', async ({ page }) => {
  await register(page, newName())
  expect(signIns).toHaveLength(2)
})

test('signs in again after that test, as the user of this worker', async ({ page }) => {
  await page.goto('/devices')
  await expect(page.getByRole('banner').getByText(signIns[2]!)).toBeVisible()
})

test('lets a test sign out', async ({ page }) => {
  await page.goto('/')
  await devicesPage(page).headerSignOut.click()
  await expect(devicesPage(page).headerSignIn).toBeVisible()
})

test('signs in again after a sign-out', async ({ page }) => {
  await page.goto('/devices')
  await expect(devicesPage(page).heading).toBeVisible()
  expect(signIns).toHaveLength(4)
})
