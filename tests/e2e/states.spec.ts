import { call } from '../support/https.ts'
import { expect, expectAccessible, hydrated, OFFLINE, test } from '../support/fixtures.ts'
import { sessionPage, UUID } from '../support/session-page.ts'
import { expireSessions, lockStore } from '../support/store.ts'

test('the page shows by itself that its session expired and can start a new one', async ({ page, app }) => {
  await page.goto('/')
  const { value, startAgain } = sessionPage(page)
  await expect(value).toHaveValue(UUID)
  const expired = await value.inputValue()
  await expect.poll(() => page.evaluate(async () => (await navigator.locks.query()).held?.length)).toBe(1)
  expireSessions(app.storeFile)
  await expect(startAgain).toBeVisible()
  await expectAccessible(page)
  await startAgain.click()

  await expect(value).toHaveValue(UUID)
  await expect(value).not.toHaveValue(expired)
})

test('a reload after the session expired starts a new session', async ({ page, app }) => {
  await page.goto('/')
  const { value, send, success } = sessionPage(page)
  await expect(value).toHaveValue(UUID)
  const expired = await value.inputValue()
  expireSessions(app.storeFile)
  await page.reload()

  await expect(value).toHaveValue(UUID)
  await expect(value).not.toHaveValue(expired)
  await send.click()
  await expect(success).toBeVisible()
})

test('an outage of the store does not end the session', async ({ page, app, problems }) => {
  problems.allow(/status of 503/)
  await page.goto(app.origin)
  const { value, newValue, tryAgain, send, success } = sessionPage(page)
  await expect(value).toHaveValue(UUID)
  const unlock = lockStore(app.storeFile)
  await newValue.click()
  await expect(tryAgain).toBeVisible()
  await expect(page.getByText('The session store does not answer.')).toBeVisible()
  await expectAccessible(page)
  unlock()
  await tryAgain.click()

  await expect(tryAgain).toHaveCount(0)
  await expect(value).toHaveValue(UUID)
  await send.click()
  await expect(success).toBeVisible()
})

test('a first visit during an outage of the store gets a page without a cookie', async ({
  page, context, app, problems,
}) => {
  problems.allow(/status of 503/)
  const unlock = lockStore(app.storeFile)
  await page.goto('/')
  await expect(page.getByRole('heading', { name: 'Session unknown' })).toBeVisible()
  expect(await context.cookies()).toEqual([])
  await expectAccessible(page)
  unlock()
})

test('a page that was loaded during an outage can retry', async ({ page, app, problems }) => {
  problems.allow(/status of 503/)
  const unlock = lockStore(app.storeFile)
  await page.clock.install()
  await page.clock.pauseAt(Date.now() + 1000) // Otherwise the page could retry by itself before the click.
  await page.goto('/')
  const { value, tryAgain } = sessionPage(page)
  await expect(tryAgain).toBeVisible()
  unlock()
  await tryAgain.click()

  await expect(value).toHaveValue(UUID)
})

test('a page that was loaded during an outage retries by itself', async ({ page, app, problems }) => {
  problems.allow(/status of 503/)
  const unlock = lockStore(app.storeFile)
  await page.clock.install()
  await page.goto('/')
  const { value, tryAgain } = sessionPage(page)
  await expect(tryAgain).toBeVisible()
  unlock()
  await hydrated(page)
  await page.clock.runFor('01:00')

  await expect(value).toHaveValue(UUID)
  await expect(page.getByRole('status')).toHaveText('The server answers again.')
})

test('the response to a call during an outage has a Retry-After header', async ({ app }) => {
  const unlock = lockStore(app.storeFile)
  const response = await call(`${app.origin}/api/session`, { method: 'PUT' })
  unlock()

  expect(response.status).toBe(503)
  expect(response.headers['retry-after']).toBe('2')
  expect(response.setCookie).toEqual([])
  expect(JSON.parse(response.body)).toMatchObject({ data: { code: 'store_unavailable' } })
})

test('sending the value offline shows a message and works after reconnecting', async ({ page, context, problems }) => {
  problems.allow(OFFLINE)
  await page.goto('/')
  const { value, send, tryAgain, success, offline } = sessionPage(page)
  await expect(value).toHaveValue(UUID)
  await context.setOffline(true)
  await send.click()
  await expect(offline).toBeVisible()
  await expect(page.getByText('“Send” got no result.')).toBeVisible()
  await expect(tryAgain).toBeVisible()
  await expectAccessible(page)
  await context.setOffline(false)
  await tryAgain.click()

  await expect(success).toBeVisible()
  await expect(tryAgain).toHaveCount(0)
})

test('a page that is online again says so by itself and repeats no call', async ({ page, context, problems }) => {
  problems.allow(OFFLINE)
  await page.goto('/')
  const { value, newValue, send, success, offline } = sessionPage(page)
  await expect(value).toHaveValue(UUID)
  const before = await value.inputValue()
  await context.setOffline(true)
  await newValue.click()
  await expect(offline).toBeVisible()
  await context.setOffline(false)
  await expect(page.getByRole('status')).toHaveText('The server answers again.')
  await expectAccessible(page)

  await expect(value).toHaveValue(before)
  await send.click()
  await expect(success).toBeVisible()
})
