import type { Browser } from '@playwright/test'
import { devicesPage, newName, register, signInTwoTabs } from '../support/account-page.ts'
import { expect, settled } from '../support/fixtures.ts'
import { skipWithoutRedis, test, type Pair } from '../support/pair.ts'
import { countTraffic, expectToldOfEnd } from '../support/session-page.ts'

const REVOKED = 'You were signed out on another device.'
const EVENTS = '/api/_session/events'
const MOST_DEVICES = '3'

test.use({ pairSettings: { NUXT_SESSION_MAX_PER_OWNER: MOST_DEVICES } })
skipWithoutRedis()

/** Two tabs of another device, which is signed in on the second server. */
async function deviceOnSecond(browser: Browser, { second }: Pair, name: string) {
  return signInTwoTabs(await browser.newContext({ baseURL: second.origin }), name)
}

test('a device on the second server that is signed out on the first is told so, and leaves its page in both its tabs', async ({ page, browser, pair }) => {
  const name = newName()
  await register(page, name)
  const tabs = await deviceOnSecond(browser, pair, name)
  await pair.hearing()
  await expect(devicesPage(page).devices).toHaveCount(2)
  const traffic = await Promise.all(tabs.map(countTraffic))

  await devicesPage(page).signOutOther.click()
  await Promise.all(tabs.map(tab => expect(tab.getByText(REVOKED)).toBeVisible()))
  expectToldOfEnd(traffic)
  await expect(devicesPage(page).devices).toHaveCount(1)
  await tabs[0].context().close()
})

test('signing out everywhere on the second server ends the device on the first', async ({ page, browser, pair }) => {
  const name = newName()
  await register(page, name)
  const [tab] = await deviceOnSecond(browser, pair, name)
  await pair.hearing()

  await devicesPage(tab).signOutEverywhere.click()
  await expect(page.getByText(REVOKED)).toBeVisible()
  await expect(devicesPage(tab).headerSignIn).toBeVisible()
  await tab.context().close()
})

test('one browser that speaks to both servers has one session, and leaves it on both', async ({ page, context, pair }) => {
  await register(page, newName())
  const other = await context.newPage()
  await other.goto(`${pair.second.origin}/devices`)
  await settled(other)
  await expect(devicesPage(other).devices).toHaveCount(1)
  await pair.hearing()

  await devicesPage(page).headerSignOut.click()
  await expect(other).toHaveURL(/\/sign-in/)
})

test('the oldest device leaves its page when it gives way to one too many on the other server', async ({ page, browser, pair }) => {
  const name = newName()
  await register(page, name)
  const contexts = []
  for (let i = 1; i < Number(MOST_DEVICES); i++) contexts.push((await deviceOnSecond(browser, pair, name))[0].context())
  await expect(devicesPage(page).devices).toHaveCount(Number(MOST_DEVICES))
  await pair.hearing()

  contexts.push((await deviceOnSecond(browser, pair, name))[0].context())
  await expect(page).toHaveURL('/sign-in?returnTo=/devices')
  for (const context of contexts) await context.close()
})

test('after a restart of the second server its streams come back, nobody is signed out, and it hears the first again', async ({ page, browser, pair }) => {
  const name = newName()
  await register(page, name)
  const tabs = await deviceOnSecond(browser, pair, name)
  const back = Promise.race(tabs.map(tab => tab.waitForResponse(response => response.url().endsWith(EVENTS) && response.ok())))
  expect(await pair.second.stop()).toBe(0)
  await pair.second.start()
  await back
  for (const tab of tabs) await expect(devicesPage(tab).heading).toBeVisible()
  await pair.hearing()

  await devicesPage(page).signOutOther.click()
  await Promise.all(tabs.map(tab => expect(tab.getByText(REVOKED)).toBeVisible()))
  await tabs[0].context().close()
})
