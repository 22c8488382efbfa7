import { call } from '../support/https.ts'
import { expect, expectAccessible, test } from '../support/fixtures.ts'
import { devicesPage, newName, PASSWORD, register, signInPage } from '../support/account-page.ts'
import { sessionCookie } from '../support/session-page.ts'

test('a protected page sends a stranger to sign in, and back to where they were', async ({ page, context }) => {
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

test('whoever stays signed in has a cookie that outlives the browser', async ({ page, context }) => {
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

test('who is signed in stands in the header in the first HTML already', async ({ page, context, app }) => {
  const name = newName()
  await register(page, name)
  const html = await call(`${app.origin}/devices`, { cookie: await sessionCookie(context) })

  expect(html.body).toContain(`Signed in as </span>${name}`)
  expect(html.headers['cache-control']).toBe('private, no-store')
})

test('a wrong password, a taken name and a bad one are told beside the form', async ({ page, context, problems }) => {
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
  await expect(name).toHaveAccessibleDescription(/Somebody has this name already/)
  await password.fill('short')
  await create.click()
  await expect(password).toHaveAccessibleDescription(/at least 8 characters/)
  await expectAccessible(page)
})

for (const target of ['//evil.example', '/\\evil.example', 'https://evil.example/', '/..//evil.example']) {
  test(`signing in never leads to ${target} (X2)`, async ({ page, app }) => {
    await register(page, newName())
    await page.goto(`/sign-in?returnTo=${encodeURIComponent(target)}`)

    await expect(page).toHaveURL(`${app.origin}/`)
  })
}

test('after signing out, the Back button shows nothing private', async ({ page }) => {
  const name = newName()
  await register(page, name)
  await page.goto('/')
  await devicesPage(page).headerSignOut.click()
  await expect(devicesPage(page).headerSignIn).toBeVisible()
  await page.goBack()

  await expect(page).toHaveURL(/\/sign-in\?returnTo=/)
  await expect(page.getByText(name)).toHaveCount(0)
})
