import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { expect, hydrated, test } from '../support/fixtures.ts'
import { startFixture } from '../support/fixture-server.ts'
import { findNginx, startNginx } from '../support/nginx.ts'
import { STATIC_FOLDER, buildPackedApp } from '../support/packed-app.ts'
import { startPathProxy } from '../support/loopback-proxy.ts'

// First, because a page that is still loading its code reports that the server has gone.
test.afterEach(async ({ context }) => {
  for (const page of context.pages()) await page.close()
})

const status = (page: Page) => page.getByTestId('status')

test('two apps on one origin, each under its own path, have separate sessions and streams', async ({ context }) => {
  const app = await buildPackedApp('npm', 'host')
  const start = (name: string) => startFixture(app, {
    NUXT_APP_BASE_URL: `/${name}/`, NUXT_CLOAKROOM_COOKIE_NAME: `__Host-${name}`, NUXT_CLOAKROOM_ORIGIN: '',
  })
  const [shop, admin] = [await start('shop'), await start('admin')]
  const proxy = await startPathProxy({ '/shop/': shop.url, '/admin/': admin.url })
  const origin = `http://localhost:${proxy.port}`
  try {
    const pages = { shop: await context.newPage(), admin: await context.newPage() }
    for (const [name, page] of Object.entries(pages)) {
      const streaming = page.waitForResponse(response => response.url().endsWith(`/${name}/api/_session/events`))
      await page.goto(`${origin}/${name}/`)
      await hydrated(page)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await expect(status(page)).toHaveText('signed-in ada')
      expect((await streaming).status()).toBe(200)
    }
    const held = await pages.shop.evaluate(async () => (await navigator.locks.query()).held!.map(({ name }) => name!))
    expect(held.sort()).toEqual(['cloakroom:/admin/:__Host-admin', 'cloakroom:/shop/:__Host-shop'])

    await pages.shop.getByRole('button', { name: 'Sign out' }).click()
    await expect(status(pages.shop)).toHaveText('anonymous')
    await pages.admin.reload()
    await expect(status(pages.admin)).toHaveText('signed-in ada')
    // A guarded page leads to the sign-in page under the same path.
    await pages.shop.getByRole('link', { name: 'A guarded page' }).click()
    await expect(pages.shop).toHaveURL(`${origin}/shop/sign-in?returnTo=/guarded/plain`)
  }
  finally {
    for (const page of context.pages()) await page.close()
    proxy.close()
    await shop.dispose()
    await admin.dispose()
  }
})

test('an app without SSR, under a path, in two languages, works with a route rule that caches everything', async ({
  page,
}) => {
  const server = await startFixture(await buildPackedApp('npm', 'spa'), { NUXT_CLOAKROOM_ORIGIN: '' })
  try {
    await signInAndOut(page, server.url.replace('127.0.0.1', 'localhost'))
  }
  finally {
    for (const open of page.context().pages()) await open.close()
    await server.dispose()
  }
})

test('static files of nuxt generate work with an API behind the same nginx', async ({ page }) => {
  const program = findNginx()
  test.skip(!program, 'No nginx on this machine.')
  const app = await buildPackedApp('npm', 'spa')
  const server = await startFixture(app, { NUXT_CLOAKROOM_ORIGIN: '' })
  const nginx = await startNginx(program!, `
    types { text/html html; text/javascript js; text/css css; application/json json; }
    location /app/api/ { proxy_pass ${server.url}; proxy_set_header Host $http_host; }
    location /app/ { alias ${join(app, STATIC_FOLDER)}/; try_files $uri /app/200.html; }
  `)
  try {
    await signInAndOut(page, nginx.url.replace('127.0.0.1', 'localhost'))
  }
  finally {
    for (const open of page.context().pages()) await open.close()
    await nginx.dispose()
    await server.dispose()
  }
})

/** A user signs in to see a page, and signs out in another tab, which takes that page away. */
async function signInAndOut(page: Page, origin: string) {
  await page.goto(`${origin}/app/de/private`)
  await expect(page.getByRole('heading', { name: 'Anmelden' })).toBeVisible()
  await expect(page).toHaveURL(`${origin}/app/de/sign-in?from=config&returnTo=/de/private`)
  await page.getByRole('button', { name: 'OK' }).click()
  await expect(page.getByRole('heading', { name: 'Für Mitglieder' })).toBeVisible()
  await page.reload()
  await expect(page.getByRole('heading', { name: 'Für Mitglieder' })).toBeVisible()

  const other = await page.context().newPage()
  await other.goto(`${origin}/app/en`)
  await expect(status(other)).toHaveText('signed-in ada')
  await other.getByRole('button', { name: 'Sign out' }).click()
  await expect(status(other)).toHaveText('anonymous')
  await expect(page.getByRole('heading', { name: 'Anmelden' })).toBeVisible()
}
