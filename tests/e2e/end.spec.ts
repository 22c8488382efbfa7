import { call } from '../support/https.ts'
import { expect, expectAccessible, test } from '../support/fixtures.ts'
import { COOKIE_NAME, sessionCookie, sessionPage, UUID } from '../support/session-page.ts'

test.beforeEach(async ({ page }) => {
  await page.goto('/')
  await expect(sessionPage(page).value).toHaveValue(UUID)
})

test('ending the session deletes the cookie and offers a new session', async ({ page, context }) => {
  const { endSession, startAgain, value } = sessionPage(page)
  const ended = await value.inputValue()
  await endSession.click()
  await expect(startAgain).toBeVisible()

  expect((await context.cookies()).map(({ name }) => name)).not.toContain(COOKIE_NAME)
  await expectAccessible(page)
  await startAgain.click()
  await expect(value).toHaveValue(UUID)
  await expect(value).not.toHaveValue(ended)
})

test('the server rejects a replayed cookie of an ended session', async ({ page, context, app }) => {
  const { endSession, startAgain, value } = sessionPage(page)
  const session = await value.inputValue()
  const cookie = await sessionCookie(context)
  const alive = await call(`${app.origin}/api/session`, { method: 'POST', cookie, json: { session } })
  await endSession.click()
  await expect(startAgain).toBeVisible()
  const replayed = await call(`${app.origin}/api/session`, { method: 'POST', cookie, json: { session } })

  expect(alive.status).toBe(200)
  expect(replayed.status).toBe(401)
  expect(JSON.parse(replayed.body)).toMatchObject({ data: { code: 'no_session' } })
  expect(replayed.setCookie).toEqual([])
})

test('a browser with the cookie of an ended session gets a new session', async ({ page, context }) => {
  const { endSession, startAgain, value } = sessionPage(page)
  const ended = await value.inputValue()
  const cookies = await context.cookies()
  await endSession.click()
  await expect(startAgain).toBeVisible()
  await context.addCookies(cookies)
  await page.goto('/')

  await expect(value).toHaveValue(UUID)
  await expect(value).not.toHaveValue(ended)
})

test('a session that is ended in one tab ends in the other without a click', async ({ page, context }) => {
  const second = await context.newPage()
  await second.goto('/')
  await sessionPage(second).endSession.click()
  await expect(sessionPage(second).startAgain).toBeVisible()
  const { send, startAgain, browserSide } = sessionPage(page)

  await expect(startAgain).toBeVisible()
  await expect(send).toHaveCount(0)
  await expect(browserSide).toContainText('No session cookie')
  await expectAccessible(page)
})

test('a session that is ended outside of the browser ends at once without a click', async ({ page, context, app }) => {
  const cookie = await sessionCookie(context)
  await expect.poll(() => page.evaluate(async () => (await navigator.locks.query()).held?.length)).toBe(1)
  const ended = await call(`${app.origin}/api/session`, { method: 'DELETE', cookie })
  const { send, startAgain, browserSide } = sessionPage(page)

  expect(ended.status).toBe(204)
  await expect(startAgain).toBeVisible()
  await expect(send).toHaveCount(0)
  await expect(browserSide).toContainText('Still in the browser. The server no longer accepts it.')
  await expectAccessible(page)
})
