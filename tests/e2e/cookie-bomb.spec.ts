import { expect, expectAccessible, test } from '../support/fixtures.ts'
import { COOKIE_NAME, sessionPage, UUID } from '../support/session-page.ts'

test('a browser with too many cookies gets a page that deletes them', async ({ page, context, app, problems }) => {
  problems.expect(/status of 431/)
  await page.goto('/')
  const { value } = sessionPage(page)
  await expect(value).toHaveValue(UUID)
  const before = await value.inputValue()
  const bombs = Array.from({ length: 6 }, (_, i) => ({ name: `bomb-${i}`, value: 'x'.repeat(3000), url: app.origin }))
  await context.addCookies(bombs)
  const response = await page.goto('/')

  expect(response!.status()).toBe(431)
  expect(response!.headers()).toMatchObject({
    'x-content-type-options': 'nosniff',
    'strict-transport-security': 'max-age=60',
  })
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Delete cookies' }).click()
  await expect(value).toHaveValue(before)
  expect((await context.cookies()).map(({ name }) => name)).toEqual([COOKIE_NAME])
})
