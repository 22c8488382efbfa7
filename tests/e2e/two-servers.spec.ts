import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from '@playwright/test'
import { Redis } from 'ioredis'
import { generateKey } from '../../layers/session/server/engine/key-ring.ts'
import { devicesPage, newName, register, settled, signIn } from '../support/account-page.ts'
import { expect, test as base } from '../support/fixtures.ts'
import { findRedis, startRedis } from '../support/redis.ts'
import { startBuiltServer, type BuiltServer } from '../support/server.ts'

/** A second is what is promised; a busy machine is given more. A server that hears its neighbours looks at everything but once a minute, so nothing else is as quick. */
const AT_ONCE = { timeout: 5000 }
const REVOKED = 'You were signed out on another device.'
const EVENTS = '/api/_session/events'
const MOST_DEVICES = '3'

const program = findRedis()

interface Pair {
  readonly first: BuiltServer
  readonly second: BuiltServer
  /** Resolves when both servers hear each other. */
  hearing(): Promise<void>
}

const test = base.extend<object, { pair: Pair }>({
  pair: [async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), 'cloakroom-pair-'))
    const redis = await startRedis(program!)
    const admin = new Redis(redis.port)
    const env = { NUXT_SESSION_STORE: redis.url, NUXT_SESSION_KEYS: generateKey(), NUXT_SESSION_MAX_PER_OWNER: MOST_DEVICES, NUXT_ACCOUNTS_FILE: join(folder, 'accounts.db') }
    const [first, second] = [await startBuiltServer(env), await startBuiltServer(env)]
    const hearing = () => expect.poll(() => admin.call('PUBSUB', 'NUMSUB', 'cloakroom:0:news')).toEqual(['cloakroom:0:news', 2])
    await use({ first, second, hearing })
    admin.disconnect()
    for (const part of [first, second, redis]) await part.dispose()
    rmSync(folder, { recursive: true })
  }, { scope: 'worker' }],
  app: [async ({ pair }, use) => use(pair.first), { scope: 'worker' }],
})

test.skip(!program, 'There is no redis-server here.')

/** Two tabs of another device, which is signed in on the second server. */
async function deviceOnSecond(browser: Browser, { second }: Pair, name: string): Promise<[Page, Page]> {
  const context = await browser.newContext({ baseURL: second.origin })
  const tabs: [Page, Page] = [await context.newPage(), await context.newPage()]
  await signIn(tabs[0], name)
  await tabs[1].goto('/devices')
  await settled(tabs[1])
  return tabs
}

test('a device on the second server that is signed out on the first leaves its page at once in both its tabs', async ({ page, browser, pair }) => {
  const name = newName()
  await register(page, name)
  const tabs = await deviceOnSecond(browser, pair, name)
  await pair.hearing()
  await expect(devicesPage(page).devices).toHaveCount(2, AT_ONCE)

  await devicesPage(page).signOutOther.click()
  await Promise.all(tabs.map(tab => expect(tab.getByText(REVOKED)).toBeVisible(AT_ONCE)))
  await expect(devicesPage(page).devices).toHaveCount(1, AT_ONCE)
  await tabs[0].context().close()
})

test('signing out everywhere on the second server ends the device on the first', async ({ page, browser, pair }) => {
  const name = newName()
  await register(page, name)
  const [tab] = await deviceOnSecond(browser, pair, name)
  await pair.hearing()

  await devicesPage(tab).signOutEverywhere.click()
  await expect(page.getByText(REVOKED)).toBeVisible(AT_ONCE)
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
  await expect(other).toHaveURL(/\/sign-in/, AT_ONCE)
})

test('the oldest device leaves at once when it gives way to one too many on the other server', async ({ page, browser, pair }) => {
  const name = newName()
  await register(page, name)
  const contexts = []
  for (let i = 1; i < Number(MOST_DEVICES); i++) contexts.push((await deviceOnSecond(browser, pair, name))[0].context())
  await expect(devicesPage(page).devices).toHaveCount(Number(MOST_DEVICES), AT_ONCE)
  await pair.hearing()

  contexts.push((await deviceOnSecond(browser, pair, name))[0].context())
  await expect(page).toHaveURL('/sign-in?returnTo=/devices', AT_ONCE)
  for (const context of contexts) await context.close()
})

test('after a restart of the second server its streams come back, nobody is signed out, and it hears the first again', async ({ page, browser, pair }) => {
  const name = newName()
  await register(page, name)
  const tabs = await deviceOnSecond(browser, pair, name)
  const back = Promise.race(tabs.map(tab => tab.waitForResponse(response => response.url().endsWith(EVENTS) && response.ok(), { timeout: 20_000 })))
  expect(await pair.second.stop()).toBe(0)
  await pair.second.start()
  await back
  for (const tab of tabs) await expect(devicesPage(tab).heading).toBeVisible()
  await pair.hearing()

  await devicesPage(page).signOutOther.click()
  await Promise.all(tabs.map(tab => expect(tab.getByText(REVOKED)).toBeVisible(AT_ONCE)))
  await tabs[0].context().close()
})
