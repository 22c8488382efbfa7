import type { Browser, BrowserContext, Page } from '@playwright/test'
import { devicesPage, newName, register, signInTwoTabs } from '../support/account-page.ts'
import { expect, OFFLINE, hydrated } from '../support/fixtures.ts'
import { skipWithoutRedis, test, type TwoServers } from '../support/two-servers.ts'
import { idleExpiresAt, sessionCookie, sessionPage, UUID } from '../support/session-page.ts'

const REVOKED = 'You were signed out on another device.'
const CALLS = 20

// Two servers behind one origin take turns, so two requests of one page may reach different servers.
skipWithoutRedis()
test.use({ baseURL: async ({ servers }, use) => use(servers.balancer.origin) })

test('a tab takes over the stream of a closed tab and receives the sign-out', async ({ page, browser, servers }) => {
  const name = newName()
  await register(page, name)
  const other = await otherDevice(browser, servers)
  const [leader, follower] = await signInTwoTabs(other, name)
  const streamOpened = follower.waitForResponse('**/api/_session/events')
  await leader.close()
  await streamOpened

  await expect(devicesPage(page).devices).toHaveCount(2)
  await devicesPage(page).signOutOther.click()
  await expect(follower.getByText(REVOKED)).toBeVisible()
  await other.close()
})

test('an offline page stays and shows the sign-out once it is online', async ({ page, browser, servers, problems }) => {
  problems.allow(OFFLINE)
  const name = newName()
  await register(page, name)
  const other = await otherDevice(browser, servers)
  // Unlike a real network, Chromium keeps an open stream connected while it is offline.
  await other.route('**/api/_session/events', route => route.abort('internetdisconnected'))
  const tabs = await signInTwoTabs(other, name)
  await other.setOffline(true)
  await devicesPage(page).signOutOther.click()
  await expect(devicesPage(page).devices).toHaveCount(1)
  for (const tab of tabs) await expect(devicesPage(tab).heading).toBeVisible()
  await other.unroute('**/api/_session/events')
  await other.setOffline(false)

  for (const tab of tabs) await expect(tab.getByText(REVOKED)).toBeVisible()
  await other.close()
})

test('extending the session in one tab hides the expiry warning in both', async ({ page, context }) => {
  await register(page, newName())
  const second = await context.newPage()
  await second.goto('/devices')
  await hydrated(second)
  await context.clock.setFixedTime(await idleExpiresAt(context) - 30_000) // The warning is shown in the last minute.
  const warnings = [page, second].map(tab => tab.getByRole('alertdialog', { name: 'Are you still there?' }))
  for (const warning of warnings) await expect(warning).toBeVisible()
  await second.getByRole('button', { name: 'Stay signed in' }).click()

  for (const warning of warnings) await expect(warning).toBeHidden()
})

test('the Back button shows nothing private after sign-out', async ({ page }) => {
  const name = newName()
  await register(page, name)
  await page.goto('/')
  await devicesPage(page).headerSignOut.click()
  await expect(devicesPage(page).headerSignIn).toBeVisible()
  await page.goBack()

  await expect(page).toHaveURL(/\/sign-in\?returnTo=/)
  await expect(page.getByText(name)).toHaveCount(0)
})

test('parallel calls to both servers during a rotation all succeed with one new secret', async ({
  page, context, servers,
}) => {
  await page.goto('/')
  const { value, send, success } = sessionPage(page)
  await expect(value).toHaveValue(UUID)
  const session = await value.inputValue()
  const before = await makeRotationDue(servers)
  const [cookieBefore, servedBefore] = [await sessionCookie(context), [...servers.balancer.served]]
  const responses = await callInParallel(page, session)
  const served = servers.balancer.served.map((count, index) => count - servedBefore[index]!)
  const after = await secretsOf(servers)

  expect(responses).toEqual(Array.from({ length: CALLS }, () => [200, { message: 'Success!' }]))
  expect(Math.min(...served)).toBeGreaterThanOrEqual(CALLS / 2)
  expect(after.previous?.hash).toBe(before.secretHash)
  expect(after.secretHash).not.toBe(before.secretHash)
  expect(await sessionCookie(context)).not.toBe(cookieBefore)
  await send.click()
  await expect(success).toBeVisible()
  expect((await secretsOf(servers)).secretHash).toBe(after.secretHash)
})

interface Secrets {
  readonly secretHash: string
  readonly previous: { readonly hash: string } | null
}

function otherDevice(browser: Browser, { balancer }: TwoServers): Promise<BrowserContext> {
  return browser.newContext({ baseURL: balancer.origin })
}

function callInParallel(page: Page, session: string): Promise<unknown[]> {
  return page.evaluate(({ calls, session }) => Promise.all(Array.from({ length: calls }, async () => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch('/api/session', { method: 'POST', headers, body: JSON.stringify({ session }) })
    return [response.status, await response.json()]
  })), { calls: CALLS, session })
}

/** Makes the secret of the newest anonymous session due for rotation. Returns the secrets of its record. */
async function makeRotationDue(servers: TwoServers): Promise<Secrets> {
  const record = await secretsOf(servers)
  await servers.admin.hset(await anonymousSession(servers), 'v', JSON.stringify({ ...record, rotatedAt: 0 }))
  return record
}

async function secretsOf(servers: TwoServers): Promise<Secrets> {
  return JSON.parse((await servers.admin.hget(await anonymousSession(servers), 'v'))!) as Secrets
}

async function anonymousSession({ admin }: TwoServers): Promise<string> {
  const [key] = await admin.zrevrange('cloakroom:{anonymous}:created', 0, 0)
  return `cloakroom:session:${key}`
}
