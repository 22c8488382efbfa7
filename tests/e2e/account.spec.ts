import type { Page } from '@playwright/test'
import { expect, expectAccessible, test } from '../support/fixtures.ts'
import { accountPage, devicesPage, newName, PASSWORD, register, signIn, signInPage } from '../support/account-page.ts'

const ENDED = 'Your session ended, and took its note with it.'
const LETTER = 'Dear Charles,\n\nthe engine might compose'

test('a user who is signed out while writing signs in again and gets the page and the note back', async ({ page }) => {
  const name = newName()
  await register(page, name, '/account?from=here')
  const { note, save, message } = accountPage(page)
  await note.fill(LETTER)
  await signOutFromElsewhere(page, name)
  await expect(page.getByText('You were signed out on another device.')).toBeVisible()
  await signInHere(page, name)

  await expect(page).toHaveURL('/account?from=here')
  await expect(note).toHaveValue(LETTER)
  await expect(message).toContainText(ENDED)
  await expectAccessible(page)
  await save.click()
  await expect(message).toHaveText('The note is in your session.')
  await page.reload()
  await expect(note).toHaveValue(LETTER)
})

test('another user who signs in next in the same tab does not see the note', async ({ page }) => {
  const name = newName()
  const other = newName()
  await register(page, other, '/account')
  await devicesPage(page).headerSignOut.click()
  await expect(page).toHaveURL('/')
  await register(page, name, '/account')
  await accountPage(page).note.fill(LETTER)
  await signOutFromElsewhere(page, name)
  await expect(page).toHaveURL('/sign-in?returnTo=/account')
  await signInHere(page, other)

  await expect(page).toHaveURL('/account')
  await expect(accountPage(page).note).toHaveValue('')
  await expect(page.getByText(ENDED)).toHaveCount(0)
})

test('signing out deletes the draft of the note', async ({ page }) => {
  const name = newName()
  await register(page, name, '/account')
  await accountPage(page).note.fill(LETTER)
  await devicesPage(page).headerSignOut.click()
  await expect(page).toHaveURL('/')
  await devicesPage(page).headerSignIn.click()
  await signInHere(page, name)
  await expect(page).toHaveURL('/')
  await page.getByRole('link', { name: 'Account' }).click()

  await expect(accountPage(page).note).toHaveValue('')
})

test('a note that one tab saves appears in the other tab, which has no draft', async ({ page, context }) => {
  await register(page, newName(), '/account')
  const second = await context.newPage()
  await second.goto('/account')
  await accountPage(page).note.fill(LETTER)
  await accountPage(page).save.click()

  await expect(accountPage(second).note).toHaveValue(LETTER)
})

test('a new password replaces the old and signs out the other devices', async ({ page, browser, app, problems }) => {
  problems.expect(/status of 401/)
  problems.expect(/status of 422/)
  const name = newName()
  await register(page, name, '/account')
  const elsewhere = await browser.newContext({ baseURL: app.origin })
  const other = await elsewhere.newPage()
  await signIn(other, name)
  const { current, chosen, change, problem, message } = accountPage(page)
  await current.fill('not the password')
  await chosen.fill('a hat, a coat, an umbrella')
  await change.click()
  await expect(problem).toHaveText('The current password is wrong.')
  await expectAccessible(page)
  await current.fill(PASSWORD)
  await chosen.fill('password123')
  await change.click()
  await expect(chosen).toHaveAccessibleDescription(/among the first/)
  await chosen.fill('a hat, a coat, an umbrella')
  await change.click()

  await expect(message).toHaveText('The password is changed. One other device is signed out.')
  await expect(current).toHaveValue('')
  await expect(other.getByText('You were signed out on another device.')).toBeVisible()
  await devicesPage(page).headerSignOut.click()
  await expect(page).toHaveURL('/')
  await signIn(page, name, '/account', 'a hat, a coat, an umbrella')
  await elsewhere.close()
})

const VIEWPORTS = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 800 } }

for (const [device, viewport] of Object.entries(VIEWPORTS)) {
  test(`axe finds no violation on a ${device} and the page is not too wide`, async ({ page }) => {
    await page.setViewportSize(viewport)
    await register(page, newName(), '/account')
    await expect(accountPage(page).note).toBeVisible()

    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width)
    await expectAccessible(page)
  })
}

/** Signs the page's device out from another device of the same user. */
async function signOutFromElsewhere(page: Page, name: string): Promise<void> {
  const elsewhere = await page.context().browser()!.newContext({ baseURL: new URL(page.url()).origin })
  const other = await elsewhere.newPage()
  await signIn(other, name)
  await devicesPage(other).signOutOther.click()
  await expect(devicesPage(other).devices).toHaveCount(1)
  await elsewhere.close()
}

/** Signs in on the sign-in page that is open. */
async function signInHere(page: Page, user: string): Promise<void> {
  const form = signInPage(page)
  await form.name.fill(user)
  await form.password.fill(PASSWORD)
  await form.signIn.click()
}
