import type { Page } from '@playwright/test'
import { serveClient } from '../fixtures/cross-origin-client/serve.ts'
import { expect, test as base } from '../support/fixtures.ts'
import { startBuiltServer, type BuiltServer } from '../support/server.ts'
import { sessionPage, UUID } from '../support/session-page.ts'
import { dumpStore } from '../support/store.ts'

interface Servers {
  /** The client's origin, which is not the app's. */
  client: string
  /** The app with the client's origin on its allowlist. The `app` of the other tests has no allowlist. */
  listing: BuiltServer
}

const test = base.extend<object, Servers>({
  client: [async ({}, use) => {
    const { origin, close } = await serveClient(0)
    await use(origin)
    await close()
  }, { scope: 'worker' }],
  listing: [async ({ client }, use) => {
    const server = await startBuiltServer({ NUXT_CLOAKROOM_ALLOWED_ORIGINS: client })
    await use(server)
    await server.dispose()
  }, { scope: 'worker' }],
})

const clientPage = (page: Page) => ({
  value: page.getByRole('textbox', { name: 'Session value' }),
  send: page.getByRole('button', { name: 'Send' }),
  loadAgain: page.getByRole('button', { name: 'Load again' }),
  message: page.getByRole('status'),
})

test('the server checks the value of a client whose origin is on the allowlist', async ({ page, client, listing }) => {
  await page.goto(`${client}/?api=${listing.origin}`)
  const { value, send, message } = clientPage(page)
  await expect(value).toHaveValue(UUID)
  await send.click()

  await expect(message).toHaveText('Success!')
})

test('a client on the allowlist shows that its value does not match', async ({ page, client, listing, problems }) => {
  problems.expect(/status of 422/)
  await page.goto(`${client}/?api=${listing.origin}`)
  const { value, send, message } = clientPage(page)
  await expect(value).toHaveValue(UUID)
  await value.fill('tampered')
  await send.click()

  await expect(message).toHaveText('The data in the session does not match!')
})

test('a client that is not on the allowlist can neither read the value nor change anything', async ({
  page, context, client, app, problems,
}) => {
  problems.expect(/blocked by CORS policy/)
  problems.expect(/net::ERR_FAILED/)
  await page.goto(app.origin)
  await expect(sessionPage(page).value).toHaveValue(UUID)
  const before = { store: dumpStore(app.storeFile), cookies: await context.cookies() }
  await page.goto(`${client}/?api=${app.origin}`)
  const { value, send, message } = clientPage(page)
  await expect(message).toHaveText('Network Error')
  await value.fill('anything')
  const failed = page.waitForEvent('requestfailed', request => request.method() === 'POST')
  await send.click()
  await failed
  await expect(message).toHaveText('Network Error')

  expect({ store: dumpStore(app.storeFile), cookies: await context.cookies() }).toEqual(before)
})

test('a client that is not on the allowlist starts no session', async ({ page, context, client, app, problems }) => {
  problems.expect(/blocked by CORS policy/)
  problems.expect(/net::ERR_FAILED/)
  const before = dumpStore(app.storeFile)
  await page.goto(`${client}/?api=${app.origin}`)
  await expect(clientPage(page).message).toHaveText('Network Error')

  expect(dumpStore(app.storeFile)).toEqual(before)
  expect(await context.cookies()).toEqual([])
})

test('every call that omits credentials gets a new session', async ({ page, context, client, listing, problems }) => {
  problems.expect(/status of 401/)
  await page.goto(`${client}/?credentials=off&api=${listing.origin}`)
  const { value, send, loadAgain, message } = clientPage(page)
  await expect(value).toHaveValue(UUID)
  const first = await value.inputValue()
  await loadAgain.click()
  await expect(value).not.toHaveValue(first)
  await expect(value).toHaveValue(UUID)
  const responded = page.waitForResponse(response => response.request().method() === 'POST')
  await send.click()

  expect((await responded).status()).toBe(401)
  await expect(message).not.toHaveText('Success!')
  expect(await context.cookies()).toEqual([])
})
