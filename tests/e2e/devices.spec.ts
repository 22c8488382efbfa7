import type { Page } from '@playwright/test'
import { expect, expectAccessible, OFFLINE, SERVER_DOWN, STREAM_CUT, hydrated, test } from '../support/fixtures.ts'
import { devicesPage, newName, register, signIn, signInTwoTabs } from '../support/account-page.ts'
import { expectOneEndedEvent, expectRequestsAfterEvents, recordTraffic } from '../support/session-page.ts'

const REVOKED = 'You were signed out on another device.'

/** Another device: another browser context. */
async function otherDevice(page: Page) {
  return page.context().browser()!.newContext({ baseURL: new URL(page.url()).origin })
}

test('both tabs of a device that is signed out elsewhere redirect and say why', async ({ page }) => {
  const name = newName()
  await register(page, name)
  const other = await otherDevice(page)
  const [first, second] = await signInTwoTabs(other, name)
  await expect(devicesPage(page).devices).toHaveCount(2)
  const traffic = await Promise.all([first, second].map(recordTraffic))

  await devicesPage(page).signOutOther.click()
  await Promise.all([first, second].map(tab => expect(tab.getByText(REVOKED)).toBeVisible()))
  expectOneEndedEvent(traffic)
  await expect(devicesPage(page).devices).toHaveCount(1)
  await expect(page.getByRole('status').filter({ hasText: 'is signed out' })).toBeVisible()
  await expectAccessible(first)

  await expect(first).toHaveURL('/sign-in?returnTo=/devices')
  await expect(second).toHaveURL('/sign-in?returnTo=/devices')
  await other.close()
})

test('a page lists a device that signs in elsewhere', async ({ page }) => {
  const name = newName()
  await register(page, name)
  await expect(devicesPage(page).devices).toHaveCount(1)
  const traffic = await recordTraffic(page)
  const other = await otherDevice(page)
  await signIn(await other.newPage(), name)
  await expect(devicesPage(page).devices).toHaveCount(2)
  expectRequestsAfterEvents(traffic)
  await other.close()
})

test('a page that was left requests its list of devices no more', async ({ page }) => {
  const name = newName()
  await register(page, name)
  await expect(devicesPage(page).devices).toHaveCount(1)
  await page.getByRole('link', { name: 'Account' }).click()
  await expect(page).toHaveURL('/account')
  const requested: string[] = []
  page.on('request', request => requested.push(new URL(request.url()).pathname))
  const other = await otherDevice(page)
  const refreshed = page.waitForResponse('**/api/_session') // The list would be requested before that.
  await signIn(await other.newPage(), name)
  await refreshed

  expect(requested.filter(path => path === '/api/_session/devices')).toEqual([])
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

test('a tab takes over the stream of a closed tab and receives the sign-out', async ({ page }) => {
  const name = newName()
  await register(page, name)
  const other = await otherDevice(page)
  const [leader, follower] = await signInTwoTabs(other, name)
  const streamOpened = follower.waitForResponse('**/api/_session/events')
  await leader.close()
  await streamOpened

  await expect(devicesPage(page).devices).toHaveCount(2)
  await devicesPage(page).signOutOther.click()
  await expect(follower.getByText(REVOKED)).toBeVisible()
  await other.close()
})

test('two tabs of one browser share one stream', async ({ page, context }) => {
  let streams = 0
  context.on('request', (request) => {
    if (request.url().endsWith('/api/_session/events')) streams++
  })
  await register(page, newName())
  await expect.poll(() => streams).toBe(1)
  const second = await context.newPage()
  await second.goto('/devices')
  await hydrated(second)
  // The second tab requests the lock as soon as its scripts run.
  const locks = () => second.evaluate(async () => {
    const { held, pending } = await navigator.locks.query()
    return [held?.length, pending?.length]
  })
  await expect.poll(locks).toEqual([1, 1])
  expect(streams).toBe(1)
})

test('the stream reconnects after a restart and the session is still active', async ({ page, app, problems }) => {
  problems.allow(SERVER_DOWN)
  problems.allow(STREAM_CUT)
  const name = newName()
  await register(page, name)
  await expect(devicesPage(page).devices).toHaveCount(1)
  const reconnected = page.waitForResponse((response) => {
    return response.url().endsWith('/api/_session/events') && response.ok()
  })
  expect(await app.stop()).toBe(0)
  await app.start()
  await reconnected

  await expect(devicesPage(page).heading).toBeVisible()
  const other = await otherDevice(page)
  await signIn(await other.newPage(), name)
  await expect(devicesPage(page).devices).toHaveCount(2)
  await other.close()
})

test('an offline page stays and shows the sign-out once it is online', async ({ page, problems }) => {
  problems.allow(OFFLINE)
  const name = newName()
  await register(page, name)
  const other = await otherDevice(page)
  const tab = await other.newPage()
  // Unlike a real network, Chromium keeps an open stream connected while it is offline.
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
    test(`axe finds no violation in ${colorScheme} mode at ${width} px, and the pages are not too wide`, async ({
      browser, app,
    }, testInfo) => {
      const context = await browser.newContext({ baseURL: app.origin, colorScheme, viewport: { width, height: 900 } })
      const page = await context.newPage()
      const complaints: string[] = []
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
      })
      await page.goto('/sign-in')
      await hydrated(page)
      await expectAccessible(page)
      await testInfo.attach('sign-in', { body: await page.screenshot({ path: testInfo.outputPath('sign-in.png') }) })
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
      await register(page, newName())
      await expect(devicesPage(page).devices).toHaveCount(1)
      await expectAccessible(page)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
      const path = testInfo.outputPath('devices.png')
      await testInfo.attach('devices', { body: await page.screenshot({ path, fullPage: true }) })
      expect(complaints).toEqual([])
      await context.close()
    })
  }
}
