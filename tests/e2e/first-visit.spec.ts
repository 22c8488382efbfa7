import { cookiePair, call } from '../support/https.ts'
import { expect, expectAccessible, test } from '../support/fixtures.ts'
import { newName, register } from '../support/account-page.ts'
import { COOKIE_NAME, sessionPage, UUID } from '../support/session-page.ts'

test('a first visit shows a value from the server’s HTML', async ({ page }) => {
  const response = await page.goto('/')
  const html = await response!.text()
  const { value } = sessionPage(page)

  await expect(value).toHaveValue(UUID)
  expect(html).toContain(`value="${await value.inputValue()}"`)
})

for (const path of ['/', '/devices']) {
  test(`the browser requests nothing again that is in the HTML of ${path}`, async ({ page, context }) => {
    await register(page, newName(), path)
    const reloaded = await context.newPage()
    await page.close()
    const requested: string[] = []
    reloaded.on('request', request => requested.push(new URL(request.url()).pathname))
    const streamRequested = reloaded.waitForRequest('**/api/_session/events') // The page's last request by itself.
    await reloaded.goto(path)
    await streamRequested

    expect(requested.filter(path => path.startsWith('/api/'))).toEqual(['/api/_session/events'])
    await expect(reloaded.getByText(/^Signed in as/)).toBeVisible()
  })
}

test('the page opens its event stream although the browser has no idle moment', async ({ page }) => {
  await page.addInitScript(() => {
    window.requestIdleCallback = () => 0
  })
  const streamRequested = page.waitForRequest('**/api/_session/events')
  await page.goto('/')
  await streamRequested
})

test('the page shows the value without JavaScript', async ({ browser, app }) => {
  const context = await browser.newContext({ baseURL: app.origin, javaScriptEnabled: false })
  const page = await context.newPage()
  await page.goto('/')

  await expect(sessionPage(page).value).toHaveValue(UUID)
  await expect(page.locator('noscript')).toBeVisible()
  await context.close()
})

test('a first visit gets exactly one cookie with all security attributes', async ({ app }) => {
  const { setCookie, headers } = await call(`${app.origin}/`, { headers: { accept: 'text/html' } })

  expect(setCookie).toHaveLength(1)
  const [pair, ...attributes] = setCookie[0]!.split('; ')
  expect(pair!.startsWith(`${COOKIE_NAME}=`)).toBe(true)
  expect(pair!.length).toBeLessThanOrEqual(COOKIE_NAME.length + 1 + 256)
  const names = attributes.filter(attribute => !/^(Max-Age|Expires)=/.test(attribute))
  expect(names.sort()).toEqual(['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure'])
  expect(headers['cache-control']).toBe('private, no-store')
  expect(headers.vary).toMatch(/\bCookie\b/i)
})

test('the API returns the page’s value for the same cookie', async ({ app }) => {
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

test('the page shows what the server holds and what the browser holds', async ({ page }) => {
  await page.goto('/')
  const { browserSide, serverSide } = sessionPage(page)

  for (const term of ['Session id', 'User id', 'Created', 'Last seen', 'Ends if idle', 'Ends for good']) {
    await expect(serverSide).toContainText(term)
  }
  for (const fact of [COOKIE_NAME, 'HttpOnly', 'SameSite=Lax', 'bytes']) await expect(browserSide).toContainText(fact)
  await expect(browserSide).toContainText('JavaScript cannot read it.')
})

test('nothing on the page moves after the first paint', async ({ page }) => {
  // One column that fits into the view: movement outside of the view is not reported.
  await page.setViewportSize({ width: 390, height: 3000 })
  await page.addInitScript(() => {
    const moved: string[] = []
    Object.assign(window, { moved })
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) moved.push(JSON.stringify(entry))
    })
    observer.observe({ type: 'layout-shift', buffered: true })
  })
  await page.goto('/')
  await expect(sessionPage(page).browserSide).toContainText('JavaScript cannot read it.')
  await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))))

  expect(await page.evaluate(() => (window as unknown as { moved: string[] }).moved)).toEqual([])
})

test('both clocks run', async ({ page }) => {
  await page.clock.install()
  const streamRequested = page.waitForRequest('**/api/_session/events')
  await page.goto('/')
  await streamRequested // Until then the clocks stand still, and this page's clock cannot tell how old its HTML is.
  await page.clock.runFor('10:00')

  await expect(page.getByText(/^(50|49) minutes( \d+ seconds?)? left$/)).toHaveCount(1)
  await expect(page.getByText(/^23 hours (50|49) minutes left$/)).toHaveCount(1)
})

test('axe finds no violation on a first visit', async ({ page }) => {
  await page.goto('/')
  await expect(sessionPage(page).value).toHaveValue(UUID)

  await expectAccessible(page)
})
