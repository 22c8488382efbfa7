import { startBalancer } from '../support/balancer.ts'
import { buildFixture } from '../support/fixture-build.ts'
import { startFixture } from '../support/fixture-server.ts'
import { expect, hydrated, test as base } from '../support/fixtures.ts'
import { HANG_MS } from '../support/limits.ts'
import { COOKIE_NAME } from '../support/session-page.ts'
import { dumpStore } from '../support/store.ts'

interface Site {
  readonly origin: string
  readonly storeFile: string
}

/** The fixture app, behind a proxy that ends TLS. */
const test = base.extend<object, { site: Site }>({
  site: [async ({}, use) => {
    const targets: string[] = []
    const proxy = await startBalancer(() => targets)
    const server = await startFixture(await buildFixture(), { NUXT_CLOAKROOM_ORIGIN: proxy.origin })
    targets.push(server.url)
    await use({ origin: proxy.origin, storeFile: server.storeFile })
    await proxy.dispose()
    await server.dispose()
  }, { scope: 'worker', timeout: 2 * HANG_MS }],
  baseURL: async ({ site }, use) => use(site.origin),
})

test('five parallel calls during rendering, three of which write, create one session with one cookie', async ({
  page, context, site,
}) => {
  const requested: string[] = []
  page.on('request', request => requested.push(new URL(request.url()).pathname))
  const response = await page.goto('/parts')
  await expect(page.getByText('0 of 5 calls failed')).toBeVisible()
  await hydrated(page)
  const setCookies = (await response!.headersArray()).filter(({ name }) => name.toLowerCase() === 'set-cookie')

  expect(setCookies.map(({ value }) => value.split('=', 1)[0])).toEqual([COOKIE_NAME])
  expect((await context.cookies()).map(({ name }) => name)).toEqual([COOKIE_NAME])
  expect(dumpStore(site.storeFile).sessions).toHaveLength(1)
  expect(requested.filter(path => path.startsWith('/api/')), 'calls after hydration').toEqual([])
  expect(await page.evaluate(() => fetch('/api/parts').then(response => response.json()))).toEqual(['a', 'b', 'c'])
})
