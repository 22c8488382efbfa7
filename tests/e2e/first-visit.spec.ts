import { cookiePair, call } from '../support/https.ts'
import { expect, expectAccessible, test } from '../support/fixtures.ts'
import { COOKIE_NAME, sessionPage, UUID } from '../support/session-page.ts'

test('a first visit shows a value that the server put into the HTML', async ({ page }) => {
  const response = await page.goto('/')
  const html = await response!.text()
  const { value } = sessionPage(page)

  await expect(value).toHaveValue(UUID)
  expect(html).toContain(`value="${await value.inputValue()}"`)
})

test('the value is there without JavaScript', async ({ browser, app }) => {
  const context = await browser.newContext({ baseURL: app.origin, javaScriptEnabled: false })
  const page = await context.newPage()
  await page.goto('/')

  await expect(sessionPage(page).value).toHaveValue(UUID)
  await context.close()
})

test('a first visit gets exactly one cookie, with every protection', async ({ app }) => {
  const { setCookie, headers } = await call(`${app.origin}/`, { headers: { accept: 'text/html' } })

  expect(setCookie).toHaveLength(1)
  const [pair, ...attributes] = setCookie[0]!.split('; ')
  expect(pair!.startsWith(`${COOKIE_NAME}=`)).toBe(true)
  expect(pair!.length).toBeLessThanOrEqual(COOKIE_NAME.length + 1 + 256)
  expect(attributes.filter(attribute => !/^(Max-Age|Expires)=/.test(attribute)).sort()).toEqual(['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure'])
  expect(headers['cache-control']).toBe('private, no-store')
  expect(headers.vary).toMatch(/\bCookie\b/i)
})

test('page and API agree on the value, through the one cookie', async ({ app }) => {
  const first = await call(`${app.origin}/`, { headers: { accept: 'text/html' } })
  const second = await call(`${app.origin}/api/session`, { cookie: cookiePair(first.setCookie[0]!) })

  expect(second.setCookie).toEqual([])
  const { id } = JSON.parse(second.body) as { id: string }
  expect(id).toMatch(UUID)
  expect(first.body).toContain(`value="${id}"`)
})

test('scripts in the page cannot read the cookie', async ({ page }) => {
  await page.goto('/')
  await expect(sessionPage(page).value).toHaveValue(UUID)

  expect(await page.evaluate(() => document.cookie)).not.toContain(COOKIE_NAME)
})

test('what the server holds and what the browser holds stand side by side', async ({ page }) => {
  await page.goto('/')

  await expect(page.getByRole('region', { name: 'What the server holds' })).toBeVisible()
  const browserSide = page.getByRole('region', { name: 'What the browser holds' })
  await expect(browserSide).toContainText(COOKIE_NAME)
  await expect(browserSide).toContainText('HttpOnly')
})

test('axe finds nothing on a first visit', async ({ page }) => {
  await page.goto('/')
  await expect(sessionPage(page).value).toHaveValue(UUID)

  await expectAccessible(page)
})
