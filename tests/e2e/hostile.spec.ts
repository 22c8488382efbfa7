import type { BrowserContext, Page } from '@playwright/test'
import { startMaliciousSite, type MaliciousSite } from '../support/malicious-site.ts'
import { expect, test as base } from '../support/fixtures.ts'
import type { BuiltServer } from '../support/server.ts'
import { COOKIE_NAME, sessionCookie, sessionPage, UUID } from '../support/session-page.ts'
import { dumpStore } from '../support/store.ts'

interface MaliciousSites {
  maliciousSites: {
    /** Another port of the app's host: another origin of the same site, with the same cookies. */
    sameSite: MaliciousSite
    /** Another site. */
    crossSite: MaliciousSite
  }
}

const test = base.extend<object, MaliciousSites>({
  maliciousSites: [async ({}, use) => {
    const [sameSite, crossSite] = [await startMaliciousSite('localhost'), await startMaliciousSite('127.0.0.1')]
    await use({ sameSite, crossSite })
    await sameSite.close()
    await crossSite.close()
  }, { scope: 'worker' }],
})

const TARGETS = ['/api/session', '/api/account/sign-in', '/api/account/sign-out', '/api/_session/extend']

/** Starts a session in this browser. Returns its value, and what server and browser hold. */
async function visit(page: Page, app: BuiltServer) {
  await page.goto(app.origin)
  const { value } = sessionPage(page)
  await expect(value).toHaveValue(UUID)
  return { value: await value.inputValue(), before: await readState(page.context(), app) }
}

/** The server's store and the browser's cookies. */
async function readState(context: BrowserContext, app: BuiltServer) {
  return { store: dumpStore(app.storeFile), cookies: await context.cookies(app.origin) }
}

/** Submits a form from the open page. Returns the status of the response and the request's cookies. */
async function sendForm(page: Page, url: string, enctype: string) {
  const [response] = await Promise.all([
    page.waitForResponse(url),
    page.waitForURL(url),
    page.evaluate(([action, type]) => {
      const form = Object.assign(document.createElement('form'), { method: 'post', action, enctype: type })
      form.append(Object.assign(document.createElement('input'), { name: '{"session":"', value: '"}' }))
      document.body.append(form)
      form.submit()
    }, [url, enctype] as const),
  ])
  return { status: response.status(), cookie: (await response.request().allHeaders()).cookie }
}

for (const site of ['sameSite', 'crossSite'] as const) {
  test(`a form on a ${site} page changes nothing`, async ({ page, app, problems, maliciousSites }) => {
    problems.expect(/status of 403/)
    const { before } = await visit(page, app)
    for (const target of TARGETS) {
      for (const enctype of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
        await page.goto(maliciousSites[site].origin)
        const { status, cookie } = await sendForm(page, app.origin + target, enctype)
        expect([target, status]).toEqual([target, 403])
        // Chromium sends Lax cookies with forms of other sites for two minutes, unless SameSite is set explicitly.
        if (site === 'sameSite') expect(cookie).toContain(COOKIE_NAME)
        else expect(cookie).toBeUndefined()
      }
    }

    expect(await readState(page.context(), app)).toEqual(before)
  })

  test(`a script on a ${site} page changes and reads nothing`, async ({ page, app, problems, maliciousSites }) => {
    problems.expect(/blocked by CORS policy/)
    problems.expect(/ERR_BLOCKED_BY_RESPONSE.NotSameOrigin/) // By Cross-Origin-Resource-Policy, without CORS.
    problems.allow(/status of 403|net::ERR_FAILED/)
    const { before } = await visit(page, app)
    await page.goto(maliciousSites[site].origin)
    const texts = await page.evaluate(async (url) => {
      const attempt = (method: string, mode: RequestMode, body?: BodyInit) => {
        const sent = fetch(url, { method, mode, body, credentials: 'include' })
        return sent.then(response => response.text(), () => 'nothing')
      }
      return Promise.all([
        attempt('POST', 'no-cors', new Blob(['{"session":"x"}'])), // No content type, so no preflight.
        attempt('POST', 'no-cors', '{"session":"x"}'),
        attempt('POST', 'cors', new Blob(['{}'], { type: 'application/json' })),
        attempt('PUT', 'cors'),
        attempt('DELETE', 'cors'),
        attempt('GET', 'cors'),
        attempt('GET', 'no-cors'),
      ])
    }, `${app.origin}/api/session`)

    expect(new Set(texts)).toEqual(new Set(['nothing']))
    expect(await readState(page.context(), app)).toEqual(before)
  })
}

test('a form in a sandboxed frame changes nothing', async ({ page, app, maliciousSites, problems }) => {
  problems.allow(/status of 403|frame-ancestors/)
  const { before } = await visit(page, app)
  await page.goto(maliciousSites.sameSite.origin)
  const refusals = () => app.logs.filter(line => line.includes('"reason":"cross_origin"')).length
  const refusalsBefore = refusals()
  // Playwright does not see every request of a frame with an opaque origin, so the test reads the server's log.
  await page.evaluate((action) => {
    const frame = document.createElement('iframe')
    frame.setAttribute('sandbox', 'allow-forms allow-scripts')
    frame.srcdoc = `<form method="post" action="${action}"></form><script>document.forms[0].submit()</script>`
    document.body.append(frame)
  }, `${app.origin}/api/session`)

  await expect.poll(refusals).toBe(refusalsBefore + 1)
  expect(await readState(page.context(), app)).toEqual(before)
})

test('a similar cookie that a same-site page sets has no effect', async ({ page, context, app, maliciousSites }) => {
  const { value } = await visit(page, app)
  const cookie = await sessionCookie(context)
  await page.goto(maliciousSites.sameSite.origin)
  await page.evaluate((name) => {
    for (const attributes of ['Path=/; Secure', 'Path=/; Secure; Domain=localhost', 'Path=/api; Secure', 'Path=/']) {
      for (const spelling of [name, name.toLowerCase(), name.toUpperCase(), 'session', 'sid', ` ${name}`]) {
        document.cookie = `${spelling}=evil; ${attributes}`
      }
    }
    document.cookie = `=${name}=evil; Path=/; Secure`
    document.cookie = 'sid=evil; Domain=localhost; Path=/login'
  }, COOKIE_NAME)
  await page.goto(app.origin)

  expect((await context.cookies(app.origin)).map(({ name }) => name), 'cookies of the page').toContain('session')
  expect(await sessionCookie(context)).toBe(cookie)
  await expect(sessionPage(page).value).toHaveValue(value)
})

test('a browser whose session cookie a same-site server overwrites gets a new session', async ({
  page, context, app, maliciousSites,
}) => {
  const { value, before } = await visit(page, app)
  const evil = 'A'.repeat(108)
  maliciousSites.sameSite.headers = { 'Set-Cookie': `${COOKIE_NAME}=${evil}; Path=/; Secure; HttpOnly` }
  await page.goto(maliciousSites.sameSite.origin)
  maliciousSites.sameSite.headers = {}
  expect(await sessionCookie(context)).toBe(`${COOKIE_NAME}=${evil}`)
  await page.goto(app.origin)

  await expect(sessionPage(page).value).toHaveValue(UUID)
  await expect(sessionPage(page).value).not.toHaveValue(value)
  expect(await sessionCookie(context)).not.toContain(evil)
  expect(dumpStore(app.storeFile).sessions).toEqual(expect.arrayContaining(before.store.sessions!))
})

test('the Back button shows nothing of an ended session', async ({ page, app }) => {
  const { value } = await visit(page, app)
  await page.goto(`${app.origin}/?again`)
  const { endSession, startAgain } = sessionPage(page)
  await endSession.click()
  await expect(startAgain).toBeVisible()
  await page.goBack()

  await expect(sessionPage(page).value).toHaveValue(UUID)
  await expect(sessionPage(page).value).not.toHaveValue(value)
  expect(await page.content()).not.toContain(value)
})

test('markup in the address does not run', async ({ page, problems }) => {
  problems.expect(/status of 404/)
  const script = '%3Cscript%3Ewindow.stolen=1%3C%2Fscript%3E'
  const image = '%22%3E%3Cimg%20src=x%20onerror=window.stolen=1%3E'
  await page.goto(`/${script}/${image}?q=${script}#<img src=x onerror=window.stolen=1>`)
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()

  expect(await page.evaluate(() => 'stolen' in window)).toBe(false)
})
