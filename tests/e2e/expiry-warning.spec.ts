import { expect, expectAccessible, settled, test as base } from '../support/fixtures.ts'
import { AT_ONCE, newName, register } from '../support/account-page.ts'
import { startBuiltServer } from '../support/server.ts'

/** So short that the warning stands there from the start, and comes back with every extension. */
const test = base.extend<object, { app: Awaited<ReturnType<typeof startBuiltServer>> }>({
  app: [async ({}, use) => {
    const app = await startBuiltServer({ NUXT_SESSION_IDLE_TIMEOUT: '65s' })
    await use(app)
    await app.dispose()
  }, { scope: 'worker' }],
})

test('the warning before the end is extended from another tab, and gives the focus back', async ({ page, context }) => {
  await register(page, newName())
  const second = await context.newPage()
  await second.goto('/devices')
  await settled(second)
  const warnings = [page, second].map(tab => tab.getByRole('alertdialog', { name: 'Are you still there?' }))
  const signOut = page.getByRole('button', { name: 'Sign out everywhere' })
  await signOut.focus()
  for (const warning of warnings) await expect(warning).toBeVisible({ timeout: 15_000 })
  await expect(page.getByRole('button', { name: 'Stay signed in' })).toBeFocused()
  await expectAccessible(page)
  await second.getByRole('button', { name: 'Stay signed in' }).click()

  for (const warning of warnings) await expect(warning).toBeHidden(AT_ONCE)
  await expect(signOut).toBeFocused()
})

test('the Escape key puts the warning away and signs nobody out', async ({ page }) => {
  await register(page, newName())
  const warning = page.getByRole('alertdialog', { name: 'Are you still there?' })
  await expect(warning).toBeVisible({ timeout: 15_000 })
  await page.keyboard.press('Escape')

  await expect(warning).toBeHidden()
  await expect(page).toHaveURL('/devices')
  await page.getByRole('link', { name: 'Account' }).click() // Nothing lies over the page any more.
  await expect(page).toHaveURL('/account')
})
