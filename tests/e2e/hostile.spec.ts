import type { BrowserContext, Page } from '@playwright/test'
import { serveAttacker, type Attacker } from '../support/attacker.ts'
import { expect, test as base } from '../support/fixtures.ts'
import type { BuiltServer } from '../support/server.ts'
import { COOKIE_NAME, sessionCookie, sessionPage, UUID } from '../support/session-page.ts'
import { dumpStore } from '../support/store.ts'

interface Attackers {
  attackers: {
    /** Another port of the app's host: another origin, the same site, and the same cookies. */
    sibling: Attacker
    /** Another site. */
    stranger: Attacker
  }
}

const test = base.extend<object, Attackers>({
  attackers: [async ({}, use) => {
    const [sibling, stranger] = [await serveAttacker('localhost'), await serveAttacker('127.0.0.1')]
    await use({ sibling, stranger })
    await sibling.close()
    await stranger.close()
  }, { scope: 'worker' }],
})

const TARGETS = ['/api/session', '/api/account/sign-in', '/api/account/sign-out', '/api/_session/extend']

/** What is on both sides, with a session in this browser. */
async function visit(page: Page, app: BuiltServer) {
  await page.goto(app.origin)
  const { value } = sessionPage(page)
  await expect(value).toHaveValue(UUID)
  return { value: await value.inputValue(), held: await holdings(page.context(), app) }
}

async function holdings(context: BrowserContext, app: BuiltServer) {
  return { store: dumpStore(app.storeFile), cookies: await context.cookies(app.origin) }
}

/** Sends a form from the page that is open, and answers how the server took it. */
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

for (const who of ['sibling', 'stranger'] as const) {
  test(`a form on a ${who}'s page changes nothing (B2, B3, B14, B21, B22)`, async ({ page, app, problems, attackers }) => {
    problems.expect(/status of 403/)
    const { held } = await visit(page, app)
    for (const target of TARGETS) {
      for (const enctype of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
        await page.goto(attackers[who].origin)
        const { status, cookie } = await sendForm(page, app.origin + target, enctype)
        expect([target, status]).toEqual([target, 403])
        // A sibling's form carries the cookie. Another site's does not, in the first two minutes either, since SameSite is said.
        if (who === 'sibling') expect(cookie).toContain(COOKIE_NAME)
        else expect(cookie).toBeUndefined()
      }
    }

    expect(await holdings(page.context(), app)).toEqual(held)
  })

  test(`a script on a ${who}'s page changes nothing and learns nothing (B3, B15, C13)`, async ({ page, app, problems, attackers }) => {
    problems.expect(/blocked by CORS policy/)
    problems.expect(/ERR_BLOCKED_BY_RESPONSE.NotSameOrigin/) // What needs no CORS is stopped by Cross-Origin-Resource-Policy.
    problems.allow(/status of 403|net::ERR_FAILED/)
    const { held } = await visit(page, app)
    await page.goto(attackers[who].origin)
    const learnt = await page.evaluate(async (url) => {
      const attempt = (method: string, mode: RequestMode, body?: BodyInit) => fetch(url, { method, mode, body, credentials: 'include' }).then(response => response.text(), () => 'nothing')
      return Promise.all([
        attempt('POST', 'no-cors', new Blob(['{"session":"x"}'])), // No type, and so no preflight.
        attempt('POST', 'no-cors', '{"session":"x"}'),
        attempt('POST', 'cors', new Blob(['{}'], { type: 'application/json' })),
        attempt('PUT', 'cors'),
        attempt('DELETE', 'cors'),
        attempt('GET', 'cors'),
        attempt('GET', 'no-cors'),
      ])
    }, `${app.origin}/api/session`)

    expect(new Set(learnt)).toEqual(new Set(['nothing']))
    expect(await holdings(page.context(), app)).toEqual(held)
  })
}

test('a form in a sandboxed frame changes nothing (B11)', async ({ page, app, attackers, problems }) => {
  problems.allow(/status of 403|frame-ancestors/)
  const { held } = await visit(page, app)
  await page.goto(attackers.sibling.origin)
  const refusals = () => app.logs.filter(line => line.includes('"reason":"cross_origin"')).length
  const before = refusals()
  // No page of the app is shown in a frame, and what a frame of such an origin asks for Playwright does not always see: so it is the server that tells.
  await page.evaluate((action) => {
    const frame = document.createElement('iframe')
    frame.setAttribute('sandbox', 'allow-forms allow-scripts')
    frame.srcdoc = `<form method="post" action="${action}"></form><script>document.forms[0].submit()</script>`
    document.body.append(frame)
  }, `${app.origin}/api/session`)

  await expect.poll(refusals).toBe(before + 1)
  expect(await holdings(page.context(), app)).toEqual(held)
})

test('a look-alike cookie that a sibling sets is without effect (A19, A20)', async ({ page, context, app, attackers }) => {
  const { value } = await visit(page, app)
  const ticket = await sessionCookie(context)
  await page.goto(attackers.sibling.origin)
  await page.evaluate((name) => {
    for (const attributes of ['Path=/; Secure', 'Path=/; Secure; Domain=localhost', 'Path=/api; Secure', 'Path=/']) {
      for (const spelling of [name, name.toLowerCase(), name.toUpperCase(), 'session', 'sid', ` ${name}`]) document.cookie = `${spelling}=evil; ${attributes}`
    }
    document.cookie = `=${name}=evil; Path=/; Secure`
    document.cookie = 'sid=evil; Domain=localhost; Path=/login'
  }, COOKIE_NAME)
  await page.goto(app.origin)

  expect((await context.cookies(app.origin)).map(cookie => cookie.name)).toContain('session') // It did plant something.
  expect(await sessionCookie(context)).toBe(ticket)
  await expect(sessionPage(page).value).toHaveValue(value)
})

test('a cookie that a sibling\'s server puts in the place of ours makes its bearer a stranger, and nobody else (A18, A19)', async ({ page, context, app, attackers }) => {
  const { value, held } = await visit(page, app)
  const evil = 'A'.repeat(108)
  attackers.sibling.headers = { 'Set-Cookie': `${COOKIE_NAME}=${evil}; Path=/; Secure; HttpOnly` }
  await page.goto(attackers.sibling.origin)
  attackers.sibling.headers = {}
  expect(await sessionCookie(context)).toBe(`${COOKIE_NAME}=${evil}`)
  await page.goto(app.origin)

  await expect(sessionPage(page).value).toHaveValue(UUID)
  await expect(sessionPage(page).value).not.toHaveValue(value)
  expect(await sessionCookie(context)).not.toContain(evil)
  expect(dumpStore(app.storeFile).sessions).toEqual(expect.arrayContaining(held.store.sessions!))
})

test('the back button shows nothing of a session that has ended', async ({ page, app }) => {
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

test('markup in the address does not run (X1)', async ({ page, problems }) => {
  problems.expect(/status of 404/)
  await page.goto('/%3Cscript%3Ewindow.stolen=1%3C%2Fscript%3E/%22%3E%3Cimg%20src=x%20onerror=window.stolen=1%3E?q=%3Cscript%3Ewindow.stolen=1%3C%2Fscript%3E#<img src=x onerror=window.stolen=1>')
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()

  expect(await page.evaluate(() => 'stolen' in window)).toBe(false)
})
