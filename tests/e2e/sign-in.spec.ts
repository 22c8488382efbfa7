import { call } from '../support/https.ts'
import { expect, expectAccessible, test } from '../support/fixtures.ts'
import { devicesPage, newName, PASSWORD, register, signInPage } from '../support/account-page.ts'
import { sessionCookie } from '../support/session-page.ts'

test('a protected page redirects to the sign-in page, which redirects back', async ({ page, context }) => {
  await page.goto('/devices?from=here#list')
  await expect(page).toHaveURL(/\/sign-in\?returnTo=/)
  const { toRegister, name, password, create } = signInPage(page)
  await toRegister.click()
  await name.fill(newName())
  await password.fill(PASSWORD)
  await create.click()

  await expect(page).toHaveURL('/devices?from=here')
  await expect(devicesPage(page).heading).toBeVisible()
  const cookie = (await context.cookies()).find(({ name }) => name === '__Host-session')
  expect(cookie).toMatchObject({ expires: -1, httpOnly: true, secure: true })
})

test('staying signed in sets a cookie that outlives the browser', async ({ page, context }) => {
  await page.goto('/sign-in')
  const { toRegister, name, password, remember, create } = signInPage(page)
  await toRegister.click()
  await name.fill(newName())
  await password.fill(PASSWORD)
  await remember.check()
  await create.click()

  await expect(page).toHaveURL('/')
  const cookie = (await context.cookies()).find(({ name }) => name === '__Host-session')
  expect(cookie!.expires).toBeGreaterThan(Date.now() / 1000)
})

test('the server’s HTML has the user’s name in the header', async ({ page, context, app }) => {
  const name = newName()
  await register(page, name)
  const html = await call(`${app.origin}/devices`, { cookie: await sessionCookie(context) })

  expect(html.body).toContain(`Signed in as </span>${name}`)
  expect(html.headers['cache-control']).toBe('private, no-store')
})

test('the form shows a wrong password, a taken name and a weak password', async ({ page, context, problems }) => {
  problems.expect(/status of 401/)
  problems.expect(/status of 409/)
  problems.expect(/status of 400/)
  const taken = newName()
  await register(page, taken)
  await context.clearCookies()
  await page.goto('/sign-in')
  const { toRegister, name, password, signIn, create, alert } = signInPage(page)
  await name.fill(taken)
  await password.fill('not the password')
  await signIn.click()
  await expect(alert).toHaveText('Name or password is wrong.')
  await expectAccessible(page)

  await toRegister.click()
  await expect(alert).toHaveText('')
  await create.click()
  await expect(name).toHaveAccessibleDescription(/This name is taken/)
  await password.fill('short')
  await create.click()
  await expect(password).toHaveAccessibleDescription(/at least 8 characters/)
  await expectAccessible(page)
})

for (const target of ['//evil.example', '/\\evil.example', 'https://evil.example/', '/..//evil.example']) {
  test(`signing in does not redirect to ${target}`, async ({ page, app }) => {
    await register(page, newName())
    await page.goto(`/sign-in?returnTo=${encodeURIComponent(target)}`)

    await expect(page).toHaveURL(`${app.origin}/`)
  })
}

test('the Back button shows nothing private after sign-out', async ({ page }) => {
  const name = newName()
  await register(page, name)
  await page.goto('/')
  await devicesPage(page).headerSignOut.click()
  await expect(devicesPage(page).headerSignIn).toBeVisible()
  await page.goBack()

  await expect(page).toHaveURL(/\/sign-in\?returnTo=/)
  await expect(page.getByText(name)).toHaveCount(0)
})
