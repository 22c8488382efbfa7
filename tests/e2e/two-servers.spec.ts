import type { Browser } from '@playwright/test'
import { devicesPage, newName, register, signInTwoTabs } from '../support/account-page.ts'
import { expect, hydrated } from '../support/fixtures.ts'
import { skipWithoutRedis, test, type TwoServers } from '../support/two-servers.ts'
import { expectOneEndedEvent, recordTraffic } from '../support/session-page.ts'

const REVOKED = 'You were signed out on another device.'
const EVENTS = '/api/_session/events'
const MAX_DEVICES = '3'

test.use({ serverSettings: { NUXT_CLOAKROOM_MAX_PER_USER: MAX_DEVICES } })
skipWithoutRedis()

/** Signs in on the second server from another device. Returns its two tabs. */
async function deviceOnSecond(browser: Browser, { second }: TwoServers, name: string) {
  return signInTwoTabs(await browser.newContext({ baseURL: second.origin }), name)
}

test('both tabs of a device on the second server redirect when the first signs it out', async ({
  page, browser, servers,
}) => {
  const name = newName()
  await register(page, name)
  const tabs = await deviceOnSecond(browser, servers, name)
  await servers.subscribed()
  await expect(devicesPage(page).devices).toHaveCount(2)
  const traffic = await Promise.all(tabs.map(recordTraffic))

  await devicesPage(page).signOutOther.click()
  await Promise.all(tabs.map(tab => expect(tab.getByText(REVOKED)).toBeVisible()))
  expectOneEndedEvent(traffic)
  await expect(devicesPage(page).devices).toHaveCount(1)
  await tabs[0].context().close()
})

test('signing out everywhere on one server signs out a device on the other', async ({ page, browser, servers }) => {
  const name = newName()
  await register(page, name)
  const [tab] = await deviceOnSecond(browser, servers, name)
  await servers.subscribed()

  await devicesPage(tab).signOutEverywhere.click()
  await expect(page.getByText(REVOKED)).toBeVisible()
  await expect(devicesPage(tab).headerSignIn).toBeVisible()
  await tab.context().close()
})

test('a browser that uses both servers has one session and signs out of both', async ({ page, context, servers }) => {
  await register(page, newName())
  const other = await context.newPage()
  await other.goto(`${servers.second.origin}/devices`)
  await hydrated(other)
  await expect(devicesPage(other).devices).toHaveCount(1)
  await servers.subscribed()

  await devicesPage(page).headerSignOut.click()
  await expect(other).toHaveURL(/\/sign-in/)
})

test('the oldest device redirects when a sign-in on the other server evicts it', async ({ page, browser, servers }) => {
  const name = newName()
  await register(page, name)
  const contexts = []
  for (let count = 1; count < Number(MAX_DEVICES); count++) {
    contexts.push((await deviceOnSecond(browser, servers, name))[0].context())
  }
  await expect(devicesPage(page).devices).toHaveCount(Number(MAX_DEVICES))
  await servers.subscribed()

  contexts.push((await deviceOnSecond(browser, servers, name))[0].context())
  await expect(page).toHaveURL('/sign-in?returnTo=/devices')
  for (const context of contexts) await context.close()
})

test('a restarted server reopens its streams and receives sign-outs of the other server again', async ({
  page, browser, servers,
}) => {
  const name = newName()
  await register(page, name)
  const tabs = await deviceOnSecond(browser, servers, name)
  const reconnected = Promise.race(tabs.map((tab) => {
    return tab.waitForResponse(response => response.url().endsWith(EVENTS) && response.ok())
  }))
  expect(await servers.second.stop()).toBe(0)
  await servers.second.start()
  await reconnected
  for (const tab of tabs) await expect(devicesPage(tab).heading).toBeVisible()
  await servers.subscribed()

  await devicesPage(page).signOutOther.click()
  await Promise.all(tabs.map(tab => expect(tab.getByText(REVOKED)).toBeVisible()))
  await tabs[0].context().close()
})
