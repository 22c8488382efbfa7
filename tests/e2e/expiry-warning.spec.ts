import { expect, expectAccessible, settled, test } from '../support/fixtures.ts'
import { newName, register } from '../support/account-page.ts'
import { idleEnd } from '../support/session-page.ts'

/** To the pages it is that long before the end, and stays so. Within the last minute they warn. */
const BEFORE_END_MS = 30_000

test('the warning before the end is extended from another tab, and gives the focus back', async ({ page, context }) => {
  await register(page, newName())
  const second = await context.newPage()
  await second.goto('/devices')
  await settled(second)
  const warnings = [page, second].map(tab => tab.getByRole('alertdialog', { name: 'Are you still there?' }))
  const signOut = page.getByRole('button', { name: 'Sign out everywhere' })
  await signOut.focus()
  await context.clock.setFixedTime(await idleEnd(context) - BEFORE_END_MS)
  for (const warning of warnings) await expect(warning).toBeVisible()
  await expect(page.getByRole('button', { name: 'Stay signed in' })).toBeFocused()
  await expectAccessible(page)
  await second.getByRole('button', { name: 'Stay signed in' }).click()

  for (const warning of warnings) await expect(warning).toBeHidden()
  await expect(signOut).toBeFocused()
})

test('the Escape key puts the warning away and signs nobody out', async ({ page, context }) => {
  await register(page, newName())
  await context.clock.setFixedTime(await idleEnd(context) - BEFORE_END_MS)
  const warning = page.getByRole('alertdialog', { name: 'Are you still there?' })
  await expect(warning).toBeVisible()
  await page.keyboard.press('Escape')

  await expect(warning).toBeHidden()
  await expect(page).toHaveURL('/devices')
  await page.getByRole('link', { name: 'Account' }).click() // Nothing lies over the page any more.
  await expect(page).toHaveURL('/account')
})
