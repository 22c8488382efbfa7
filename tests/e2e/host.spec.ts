import type { BrowserContext, Page } from '@playwright/test'
import { expect, hydrated, test } from '../support/fixtures.ts'
import { startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { buildPackedApp } from '../support/packed-app.ts'

test.describe.configure({ mode: 'serial' })

let server: FixtureServer
let origin: string

test.beforeAll(async () => {
  server = await startFixture(await buildPackedApp('npm', 'host'))
  origin = server.url.replace('127.0.0.1', 'localhost')
})

test.afterAll(() => server.dispose())

// First, because a page that is still loading its code reports that the server has gone.
test.afterEach(async ({ context }) => {
  for (const page of context.pages()) await page.close()
})

const members = (page: Page) => page.getByRole('heading', { name: 'For members' })
const guests = (page: Page) => page.getByRole('heading', { name: 'For guests' })
const signInPage = (page: Page) => page.getByRole('heading', { name: 'Sign in' })
const status = (page: Page) => page.getByTestId('status')

async function signIn(context: BrowserContext, path = '/oauth/callback') {
  const page = await context.newPage()
  await page.goto(origin + path)
  await page.close()
}

/** Ends the session on the server, as another device would. */
async function endElsewhere(context: BrowserContext) {
  const response = await context.request.post(`${origin}/api/sign-out`, { headers: { origin: 'https://basic.test' } })
  expect(response.ok()).toBe(true)
}

test('a guarded page without SSR waits for the session', async ({ context, page }) => {
  await page.goto(`${origin}/spa/guarded`)
  await expect(signInPage(page)).toBeVisible()
  await expect(page).toHaveURL(`${origin}/sign-in?returnTo=/spa/guarded`)
  await signIn(context)
  await page.goto(`${origin}/spa/guarded`)
  await expect(members(page)).toBeVisible()
})

for (const path of ['/spa/guest', '/cached/guest', '/static']) {
  test(`a page for guests redirects once the session is known: ${path}`, async ({ context, page }) => {
    await page.goto(origin + path)
    await expect(guests(page)).toBeVisible()
    await hydrated(page)
    await expect(page).toHaveURL(origin + path)
    await signIn(context)
    await page.goto(origin + path)
    await expect(page).toHaveURL(`${origin}/`)
  })
}

for (const path of ['/guarded/plain', '/guarded/parent/child', '/by-rule', '/spa/guarded']) {
  test(`a guarded page is left when the session ends elsewhere: ${path}`, async ({ context, page }) => {
    await signIn(context)
    const streaming = page.waitForResponse(response => response.url().endsWith('/api/_session/events'))
    await page.goto(origin + path)
    await expect(members(page)).toBeVisible()
    await streaming
    await endElsewhere(context)
    await expect(signInPage(page)).toBeVisible()
    await expect(page).toHaveURL(`${origin}/sign-in?returnTo=${path}`)
  })
}

test('a page without a guard stays when the session ends elsewhere', async ({ context, page }) => {
  await signIn(context)
  const streaming = page.waitForResponse(response => response.url().endsWith('/api/_session/events'))
  await page.goto(origin)
  await streaming
  await expect(status(page)).toHaveText('signed-in ada')
  await endElsewhere(context)
  await expect(status(page)).toHaveText('anonymous')
  await expect(page).toHaveURL(`${origin}/`)
})

test('a guard that does not wait lets a signed-in user in at every reload', async ({ context, page }) => {
  await signIn(context)
  await page.goto(`${origin}/guarded/sync`)
  await expect(members(page)).toBeVisible()
  await hydrated(page)
  await page.reload()
  await expect(members(page)).toBeVisible()
})

test('a tab shows immediately that another tab has signed in by a redirect', async ({ context, page }) => {
  await page.goto(origin)
  await hydrated(page)
  await expect(status(page)).toHaveText('anonymous')
  const other = await context.newPage()
  await other.goto(`${origin}/oauth/callback`)
  await expect(status(other)).toHaveText('signed-in ada')
  await expect(status(page)).toHaveText('signed-in ada')
})

test('the session survives clearNuxtState, and shares no state with the app', async ({ page }) => {
  await page.goto(origin)
  await hydrated(page)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(status(page)).toHaveText('signed-in ada')
  await expect(page.getByTestId('state')).toHaveText('the state of the app')
  await page.getByRole('button', { name: 'Clear the state of Nuxt' }).click()
  await expect(page.getByTestId('state')).not.toHaveText('the state of the app')
  await expect(status(page)).toHaveText('signed-in ada')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(status(page)).toHaveText('anonymous')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(status(page)).toHaveText('signed-in ada')
})
