import type { Page, Request } from '@playwright/test'
import { expect, hydrated, test } from '../support/fixtures.ts'
import { accountPage, devicesPage, newName, PASSWORD, register, signInPage } from '../support/account-page.ts'
import { sessionPage, UUID } from '../support/session-page.ts'

// On a slow connection a user can type into the server's HTML long before its scripts have loaded.

test('input from before hydration is kept', async ({ page, problems }) => {
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

test('an untouched field keeps the session’s value after hydration', async ({ page }) => {
  const release = await openWithoutScripts(page, '/')
  const { value, send, success } = sessionPage(page)
  const issued = await value.inputValue()
  await release()
  await send.click()

  await expect(success).toBeVisible()
  await expect(value).toHaveValue(issued)
})

test('pressing Enter before hydration neither leaves the page nor loses the input', async ({ page }) => {
  const release = await openWithoutScripts(page, '/')
  const { value } = sessionPage(page)
  await value.fill('tampered')
  const navigations = recordNavigations(page)
  await value.press('Enter')
  await release()

  await expect(value).toHaveValue('tampered')
  expect(navigations).toEqual([])
})

test('submitting the sign-in form before hydration sends no password anywhere', async ({ page, context }) => {
  const release = await openWithoutScripts(page, '/sign-in')
  const { name, password, remember, signIn, toRegister, create } = signInPage(page)
  const chosen = newName()
  await name.fill(chosen)
  await password.fill(PASSWORD)
  await remember.check()
  const navigations = recordNavigations(page)
  await password.press('Enter')
  await expect(signIn).toBeDisabled()
  await release()

  await expect(signIn).toBeEnabled()
  expect(navigations).toEqual([])
  await expect(name).toHaveValue(chosen)
  await expect(password).toHaveValue(PASSWORD)
  await expect(remember).toBeChecked()
  await toRegister.click()
  await create.click()
  await expect(page).toHaveURL('/')
  const cookie = (await context.cookies()).find(({ name }) => name === '__Host-session')
  expect(cookie!.expires, 'the cookie outlives the browser').toBeGreaterThan(Date.now() / 1000)
})

test('a sign-in form that the browser submits without scripts has its password in the body', async ({ page }) => {
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
  await expect(password, 'on the page that the server returns').toHaveValue('')
})

test('a note that another tab saves before hydration is shown after it', async ({ page, context }) => {
  await register(page, newName(), '/account')
  const second = await context.newPage()
  const release = await openWithoutScripts(second, '/account')
  await accountPage(page).note.fill('saved in time')
  await accountPage(page).save.click()
  await expect(accountPage(page).message).toBeVisible()
  await release()

  await expect(accountPage(second).note).toHaveValue('saved in time')
})

test('a page whose session ends in another tab before hydration redirects after it', async ({ page, context }) => {
  await register(page, newName(), '/account')
  const second = await context.newPage()
  const release = await openWithoutScripts(second, '/account')
  await devicesPage(page).headerSignOut.click()
  await expect(page).toHaveURL('/')
  await release()

  await expect(second).toHaveURL('/sign-in?returnTo=/account')
})

/** Opens the page and delays its scripts until the returned function is called, which resolves after hydration. */
async function openWithoutScripts(page: Page, path: string): Promise<() => Promise<void>> {
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  await page.route(/\/_nuxt\/.*\.js$/, async (route) => {
    await released
    await route.continue().catch(() => undefined) // The page may be closed by then.
  })
  await page.goto(path, { waitUntil: 'commit' })
  await expect(page.getByRole('textbox').first()).toBeVisible()
  return async () => {
    release()
    await hydrated(page)
  }
}

/** Records the addresses that the page navigates to, from now on. */
function recordNavigations(page: Page): string[] {
  const seen: string[] = []
  page.on('request', (request: Request) => {
    if (request.isNavigationRequest()) seen.push(request.url())
  })
  return seen
}
