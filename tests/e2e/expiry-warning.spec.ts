import { expect, expectAccessible, hydrated, test } from '../support/fixtures.ts'
import { newName, register } from '../support/account-page.ts'
import { idleExpiresAt } from '../support/session-page.ts'

/** The pages' clock stops this long before the end. They show the warning in the last minute. */
const BEFORE_END_MS = 30_000

test('extending the session in another tab hides the warning and restores the focus', async ({ page, context }) => {
  await register(page, newName())
  const second = await context.newPage()
  await second.goto('/devices')
  await hydrated(second)
  const warnings = [page, second].map(tab => tab.getByRole('alertdialog', { name: 'Are you still there?' }))
  const signOut = page.getByRole('button', { name: 'Sign out everywhere' })
  await signOut.focus()
  await context.clock.setFixedTime(await idleExpiresAt(context) - BEFORE_END_MS)
  for (const warning of warnings) await expect(warning).toBeVisible()
  await expect(page.getByRole('button', { name: 'Stay signed in' })).toBeFocused()
  await expectAccessible(page)
  await second.getByRole('button', { name: 'Stay signed in' }).click()

  for (const warning of warnings) await expect(warning).toBeHidden()
  await expect(signOut).toBeFocused()
})

test('the Escape key closes the warning and the user stays signed in', async ({ page, context }) => {
  await register(page, newName())
  await context.clock.setFixedTime(await idleExpiresAt(context) - BEFORE_END_MS)
  const warning = page.getByRole('alertdialog', { name: 'Are you still there?' })
  await expect(warning).toBeVisible()
  await page.keyboard.press('Escape')

  await expect(warning).toBeHidden()
  await expect(page).toHaveURL('/devices')
  await page.getByRole('link', { name: 'Account' }).click() // Nothing covers the page any more.
  await expect(page).toHaveURL('/account')
})
