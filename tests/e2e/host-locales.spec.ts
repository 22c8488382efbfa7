import { expect, hydrated, test } from '../support/fixtures.ts'
import { startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { buildPackedApp } from '../support/packed-app.ts'

let server: FixtureServer
let origin: string

test.describe.configure({ mode: 'serial' })

test.beforeAll(async () => {
  server = await startFixture(await buildPackedApp('npm', 'locales'), { NUXT_CLOAKROOM_ORIGIN: '' })
  origin = server.url.replace('127.0.0.1', 'localhost')
})

test.afterAll(() => server.dispose())

// First, because a page that is still loading its code reports that the server has gone.
test.afterEach(async ({ context }) => {
  for (const page of context.pages()) await page.close()
})

for (const { path, title, signIn, home } of [
  { path: '', title: 'For members', signIn: 'Sign in', home: '/' },
  { path: '/de', title: 'Für Mitglieder', signIn: 'Anmelden', home: '/de' },
]) {
  test(`the sign-in page and the home page are in the visitor’s language: ${path || '/'}`, async ({ page }) => {
    await page.goto(`${origin}${path}/private`)
    await expect(page.getByRole('heading', { name: signIn })).toBeVisible()
    await expect(page).toHaveURL(`${origin}${path}/sign-in?returnTo=${path}/private`)
    await hydrated(page)
    await page.getByRole('button', { name: 'OK' }).click()
    await expect(page.getByRole('heading', { name: title })).toBeVisible()
    await page.goto(`${origin}${path}/sign-in`)
    await expect(page).toHaveURL(origin + home)
  })
}

test('Pinia’s stored state and the session do not disturb each other', async ({ page }) => {
  await page.goto(origin)
  await hydrated(page)
  await page.getByRole('textbox', { name: 'Notes' }).fill('buy milk')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByTestId('status')).toHaveText('signed-in ada')
  await page.reload()
  await expect(page.getByRole('textbox', { name: 'Notes' })).toHaveValue('buy milk')
  await expect(page.getByTestId('status')).toHaveText('signed-in ada')
  await hydrated(page)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page.getByTestId('status')).toHaveText('anonymous')
  await expect(page.getByRole('textbox', { name: 'Notes' })).toHaveValue('buy milk')
})
