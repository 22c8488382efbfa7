import { expect, expectAccessible, test } from '../support/fixtures.ts'
import { COOKIE_NAME, sessionPage, UUID } from '../support/session-page.ts'

test('whoever was given too many cookies is told so, and gets out (A31)', async ({ page, context, app, problems }) => {
  problems.expect(/status of 431/)
  await page.goto('/')
  const { value } = sessionPage(page)
  await expect(value).toHaveValue(UUID)
  const before = await value.inputValue()
  await context.addCookies(Array.from({ length: 6 }, (_, i) => ({ name: `bomb-${i}`, value: 'x'.repeat(3000), url: app.origin })))
  const response = await page.goto('/')

  expect(response!.status()).toBe(431)
  expect(response!.headers()).toMatchObject({ 'x-content-type-options': 'nosniff', 'strict-transport-security': 'max-age=60' })
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Delete cookies' }).click()
  await expect(value).toHaveValue(before)
  expect((await context.cookies()).map(({ name }) => name)).toEqual([COOKIE_NAME])
})
