import { call, cookiePair } from '../support/https.ts'
import { expect, SERVER_DOWN, test } from '../support/fixtures.ts'
import { sessionPage, UUID } from '../support/session-page.ts'

test('the session survives a restart of the server', async ({ page, app, problems }) => {
  problems.allow(SERVER_DOWN)
  await page.goto('/')
  const { value, send, success } = sessionPage(page)
  await expect(value).toHaveValue(UUID)
  const before = await value.inputValue()
  expect(await app.stop()).toBe(0)
  await app.start()
  await send.click()
  await expect(success).toBeVisible()
  await page.reload()

  await expect(value).toHaveValue(before)
})

test('an acknowledged write survives kill -9', async ({ app }) => {
  const issued = await call(`${app.origin}/api/session`, { method: 'PUT' })
  const { id: session } = JSON.parse(issued.body) as { id: string }
  await app.kill()
  await app.start()
  const cookie = cookiePair(issued.setCookie[0]!)
  const checked = await call(`${app.origin}/api/session`, { method: 'POST', cookie, json: { session } })

  expect(issued.status).toBe(200)
  expect(checked.status).toBe(200)
  expect(JSON.parse(checked.body)).toEqual({ message: 'Success!' })
})
