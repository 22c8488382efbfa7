import type { Page, Request } from '@playwright/test'
import { expect, settled, test } from '../support/fixtures.ts'
import { accountPage, devicesPage, newName, PASSWORD, register, signInPage } from '../support/account-page.ts'
import { sessionPage, UUID } from '../support/session-page.ts'

// On a slow connection the server's HTML stands there, and can be typed into, long before its scripts have come.

test('what is typed before the scripts have come is kept', async ({ page, problems }) => {
  problems.expect(/status of 422/)
  const release = await openWithoutScripts(page, '/')
  const { value, send, mismatch } = sessionPage(page)
  await expect(value).toHaveValue(UUID)
  await value.fill('tampered')
  await release()
  await send.click()

  await expect(mismatch).toBeVisible()
  await expect(value).toHaveValue('tampered')
})

test('a field that nobody has touched has the session’s value when the scripts have come', async ({ page }) => {
  const release = await openWithoutScripts(page, '/')
  const { value, send, success } = sessionPage(page)
  const issued = await value.inputValue()
  await release()
  await send.click()

  await expect(success).toBeVisible()
  await expect(value).toHaveValue(issued)
})

test('Enter before the scripts have come neither leaves the page nor loses what was typed', async ({ page }) => {
  const release = await openWithoutScripts(page, '/')
  const { value } = sessionPage(page)
  await value.fill('tampered')
  const leaving = documentRequests(page)
  await value.press('Enter')
  await release()

  await expect(value).toHaveValue('tampered')
  expect(leaving).toEqual([])
})

test('a password that is sent before the scripts have come goes nowhere, least of all into the address', async ({ page, context }) => {
  const release = await openWithoutScripts(page, '/sign-in')
  const { name, password, remember, signIn, toRegister, create } = signInPage(page)
  const chosen = newName()
  await name.fill(chosen)
  await password.fill(PASSWORD)
  await remember.check()
  const leaving = documentRequests(page)
  await password.press('Enter')
  await expect(signIn).toBeDisabled()
  await release()

  await expect(signIn).toBeEnabled()
  expect(leaving).toEqual([])
  await expect(name).toHaveValue(chosen)
  await expect(password).toHaveValue(PASSWORD)
  await expect(remember).toBeChecked()
  await toRegister.click()
  await create.click()
  await expect(page).toHaveURL('/')
  const cookie = (await context.cookies()).find(({ name }) => name === '__Host-session')
  expect(cookie!.expires, 'the cookie of whoever stays signed in').toBeGreaterThan(Date.now() / 1000)
})

test('a sign-in form that the browser sends by itself carries its password in the body', async ({ page }) => {
  await page.goto('/sign-in')
  const { name, password } = signInPage(page)
  await name.fill('ada')
  await password.fill(PASSWORD)
  const [sent] = await Promise.all([
    page.waitForRequest(request => request.isNavigationRequest()),
    page.waitForEvent('framenavigated'),
    page.locator('form').evaluate(form => (form as HTMLFormElement).submit()),
  ])

  expect(sent.method()).toBe('POST')
  await expect(page).toHaveURL('/sign-in')
  await expect(password, 'the page that the server answers with').toHaveValue('')
})

test('what another tab saves before the scripts have come is shown when they have', async ({ page, context }) => {
  await register(page, newName(), '/account')
  const second = await context.newPage()
  const release = await openWithoutScripts(second, '/account')
  await accountPage(page).note.fill('saved in time')
  await accountPage(page).save.click()
  await expect(accountPage(page).told).toBeVisible()
  await release()

  await expect(accountPage(second).note).toHaveValue('saved in time')
})

test('a page whose session ends in another tab before its scripts have come is left when they have', async ({ page, context }) => {
  await register(page, newName(), '/account')
  const second = await context.newPage()
  const release = await openWithoutScripts(second, '/account')
  await devicesPage(page).headerSignOut.click()
  await expect(page).toHaveURL('/')
  await release()

  await expect(second).toHaveURL('/sign-in?returnTo=/account')
})

/** Opens the page with its scripts held back; the answer lets them come, and resolves when the page has taken over. */
async function openWithoutScripts(page: Page, path: string): Promise<() => Promise<void>> {
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  await page.route(/\/_nuxt\/.*\.js$/, async (route) => {
    await released
    await route.continue().catch(() => undefined) // The page may be gone by then.
  })
  await page.goto(path, { waitUntil: 'commit' })
  await expect(page.getByRole('textbox').first()).toBeVisible()
  return async () => {
    release()
    await settled(page)
  }
}

/** The addresses that the page leaves for, from now on. */
function documentRequests(page: Page): string[] {
  const seen: string[] = []
  page.on('request', (request: Request) => {
    if (request.isNavigationRequest()) seen.push(request.url())
  })
  return seen
}
