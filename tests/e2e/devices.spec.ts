import type { Page } from '@playwright/test'
import { expect, expectAccessible, OFFLINE, settled, test } from '../support/fixtures.ts'
import { devicesPage, newName, register, signIn, signInTwoTabs } from '../support/account-page.ts'
import { countTraffic, expectAskedWhenTold, expectToldOfEnd } from '../support/session-page.ts'

const REVOKED = 'You were signed out on another device.'

/** Another device: a browser of its own. */
async function otherDevice(page: Page) {
  return page.context().browser()!.newContext({ baseURL: new URL(page.url()).origin })
}

test('a device that is signed out elsewhere is told so, leaves its page in both its tabs, and says why', async ({ page }) => {
  const name = newName()
  await register(page, name)
  const other = await otherDevice(page)
  const [first, second] = await signInTwoTabs(other, name)
  await expect(devicesPage(page).devices).toHaveCount(2)
  const traffic = await Promise.all([first, second].map(countTraffic))

  await devicesPage(page).signOutOther.click()
  await Promise.all([first, second].map(tab => expect(tab.getByText(REVOKED)).toBeVisible()))
  expectToldOfEnd(traffic)
  await expect(devicesPage(page).devices).toHaveCount(1)
  await expect(page.getByRole('status').filter({ hasText: 'is signed out' })).toBeVisible()
  await expectAccessible(first)

  await expect(first).toHaveURL('/sign-in?returnTo=/devices')
  await expect(second).toHaveURL('/sign-in?returnTo=/devices')
  await other.close()
})

test('a page is told of a sign-in on another device', async ({ page }) => {
  const name = newName()
  await register(page, name)
  await expect(devicesPage(page).devices).toHaveCount(1)
  const traffic = await countTraffic(page)
  const other = await otherDevice(page)
  await signIn(await other.newPage(), name)
  await expect(devicesPage(page).devices).toHaveCount(2)
  expectAskedWhenTold(traffic)
  await other.close()
})

test('whoever has left the page asks for its list no more', async ({ page }) => {
  const name = newName()
  await register(page, name)
  await expect(devicesPage(page).devices).toHaveCount(1)
  await page.getByRole('link', { name: 'Account' }).click()
  await expect(page).toHaveURL('/account')
  const asked: string[] = []
  page.on('request', request => asked.push(new URL(request.url()).pathname))
  const other = await otherDevice(page)
  const heard = page.waitForResponse('**/api/_session') // The list would be asked for before that.
  await signIn(await other.newPage(), name)
  await heard

  expect(asked.filter(path => path === '/api/_session/devices')).toEqual([])
  await other.close()
})

test('signing out everywhere ends this device and the others', async ({ page }) => {
  const name = newName()
  await register(page, name)
  const other = await otherDevice(page)
  const tab = await other.newPage()
  await signIn(tab, name)
  await devicesPage(page).signOutEverywhere.click()

  await expect(tab.getByText(REVOKED)).toBeVisible()
  await expect(page).toHaveURL('/')
  await expect(devicesPage(page).headerSignIn).toBeVisible()
  await other.close()
})

test('the other tabs hear of the end though the tab that held the stream is closed', async ({ page }) => {
  const name = newName()
  await register(page, name)
  const other = await otherDevice(page)
  const [leader, follower] = await signInTwoTabs(other, name)
  const taken = follower.waitForResponse('**/api/_session/events')
  await leader.close()
  await taken

  await expect(devicesPage(page).devices).toHaveCount(2)
  await devicesPage(page).signOutOther.click()
  await expect(follower.getByText(REVOKED)).toBeVisible()
  await other.close()
})

test('two tabs of one browser share one stream', async ({ page, context }) => {
  await register(page, newName())
  let streams = 0
  context.on('request', request => streams += Number(request.url().endsWith('/api/_session/events')))
  const second = await context.newPage()
  await second.goto('/devices')
  await settled(second)
  // The second has taken its place in the queue, once its scripts run.
  const locks = () => second.evaluate(async () => {
    const { held, pending } = await navigator.locks.query()
    return [held?.length, pending?.length]
  })
  await expect.poll(locks).toEqual([1, 1])
  expect(streams).toBe(0)
})

test('after a restart of the server the stream comes back, and nobody is signed out', async ({ page, app, problems }) => {
  problems.allow(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|NUXT_E5002/)
  const name = newName()
  await register(page, name)
  await expect(devicesPage(page).devices).toHaveCount(1)
  const back = page.waitForResponse(response => response.url().endsWith('/api/_session/events') && response.ok())
  expect(await app.stop()).toBe(0)
  await app.start()
  await back

  await expect(devicesPage(page).heading).toBeVisible()
  const other = await otherDevice(page)
  await signIn(await other.newPage(), name)
  await expect(devicesPage(page).devices).toHaveCount(2)
  await other.close()
})

test('offline nobody is signed out, and what happened meanwhile is told on coming back', async ({ page, problems }) => {
  problems.allow(OFFLINE)
  const name = newName()
  await register(page, name)
  const other = await otherDevice(page)
  const tab = await other.newPage()
  // Chromium lets a stream that is open live on while it is offline, as no network would.
  await other.route('**/api/_session/events', route => route.abort('internetdisconnected'))
  await signIn(tab, name)
  await other.setOffline(true)
  await devicesPage(page).signOutOther.click()
  await expect(devicesPage(page).devices).toHaveCount(1)
  await expect(devicesPage(tab).heading).toBeVisible()
  await other.unroute('**/api/_session/events')
  await other.setOffline(false)

  await expect(tab.getByText(REVOKED)).toBeVisible()
  await other.close()
})

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [390, 1280]) {
    test(`nothing is wrong for axe and nothing is cut off, ${colorScheme}, ${width} px`, async ({ browser, app }, testInfo) => {
      const context = await browser.newContext({ baseURL: app.origin, colorScheme, viewport: { width, height: 900 } })
      const page = await context.newPage()
      const complaints: string[] = []
      page.on('console', message => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()))
      await page.goto('/sign-in')
      await settled(page)
      await expectAccessible(page)
      await testInfo.attach('sign-in', { body: await page.screenshot({ path: testInfo.outputPath('sign-in.png') }) })
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
      await register(page, newName())
      await expect(devicesPage(page).devices).toHaveCount(1)
      await expectAccessible(page)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
      await testInfo.attach('devices', { body: await page.screenshot({ path: testInfo.outputPath('devices.png'), fullPage: true }) })
      expect(complaints).toEqual([])
      await context.close()
    })
  }
}
