import { expect, hydrated, test } from '../support/fixtures.ts'
import { startFixture } from '../support/fixture-server.ts'
import { buildPackedApp } from '../support/packed-app.ts'

for (const manager of ['npm', 'pnpm'] as const) {
  test(`signing out sends both tabs to the sign-in page in an app that ${manager} installed`, async ({ context }) => {
    const server = await startFixture(await buildPackedApp(manager))
    try {
      const origin = server.url.replace('127.0.0.1', 'localhost')
      const [first, second] = [await context.newPage(), await context.newPage()]
      await first.goto(origin)
      await hydrated(first)
      await first.getByRole('button', { name: 'Sign in as Ada' }).click()
      await expect(first.getByText('Cart: apple')).toBeVisible()
      await second.goto(origin)
      await expect(second.getByText('Cart: apple')).toBeVisible()
      await hydrated(second)
      await second.getByRole('button', { name: 'Sign out' }).click()
      for (const tab of [first, second]) {
        await expect(tab.getByRole('heading', { name: 'Sign in' })).toBeVisible()
        await expect(tab).toHaveURL(`${origin}/sign-in?returnTo=/`)
      }
    }
    finally {
      // First, because a page that is still loading its code reports that the server has gone.
      for (const page of context.pages()) await page.close()
      await server.dispose()
    }
  })
}
