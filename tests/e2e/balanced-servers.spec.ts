import type { Browser, BrowserContext, Page } from '@playwright/test'
import { devicesPage, newName, register, signInTwoTabs } from '../support/account-page.ts'
import { expect, OFFLINE, settled } from '../support/fixtures.ts'
import { skipWithoutRedis, test, type Pair } from '../support/pair.ts'
import { COOKIE_NAME, idleEnd, sessionPage, UUID } from '../support/session-page.ts'

const REVOKED = 'You were signed out on another device.'
const CALLS = 20

/** Two servers behind one origin: each request of a page may come to another one than the request before. */
skipWithoutRedis()
test.use({ baseURL: async ({ pair }, use) => use(pair.balancer.origin) })

test('the other tabs hear of the end though the tab that held the stream is closed', async ({ page, browser, pair }) => {
  const name = newName()
  await register(page, name)
  const other = await otherDevice(browser, pair)
  const [leader, follower] = await signInTwoTabs(other, name)
  const taken = follower.waitForResponse('**/api/_session/events')
  await leader.close()
  await taken

  await expect(devicesPage(page).devices).toHaveCount(2)
  await devicesPage(page).signOutOther.click()
  await expect(follower.getByText(REVOKED)).toBeVisible()
  await other.close()
})

test('offline nobody is signed out, and what happened meanwhile is told on coming back', async ({ page, browser, pair, problems }) => {
  problems.allow(OFFLINE)
  const name = newName()
  await register(page, name)
  const other = await otherDevice(browser, pair)
  // Chromium lets a stream that is open live on while it is offline, as no network would.
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

test('the warning before the end is extended from another tab', async ({ page, context }) => {
  await register(page, newName())
  const second = await context.newPage()
  await second.goto('/devices')
  await settled(second)
  await context.clock.setFixedTime(await idleEnd(context) - 30_000) // Within the last minute pages warn.
  const warnings = [page, second].map(tab => tab.getByRole('alertdialog', { name: 'Are you still there?' }))
  for (const warning of warnings) await expect(warning).toBeVisible()
  await second.getByRole('button', { name: 'Stay signed in' }).click()

  for (const warning of warnings) await expect(warning).toBeHidden()
})

test('after signing out, the Back button shows nothing private', async ({ page }) => {
  const name = newName()
  await register(page, name)
  await page.goto('/')
  await devicesPage(page).headerSignOut.click()
  await expect(devicesPage(page).headerSignIn).toBeVisible()
  await page.goBack()

  await expect(page).toHaveURL(/\/sign-in\?returnTo=/)
  await expect(page.getByText(name)).toHaveCount(0)
})

test('parallel calls that both servers get over a periodic rotation all succeed, with one change of the secret (F6)', async ({ page, context, pair }) => {
  await page.goto('/')
  const { value, send, success } = sessionPage(page)
  await expect(value).toHaveValue(UUID)
  const session = await value.inputValue()
  const before = await makeRotationDue(pair)
  const [cookieBefore, servedBefore] = [await cookieOf(context), [...pair.balancer.served]]
  const answers = await callInParallel(page, session)
  const served = pair.balancer.served.map((count, index) => count - servedBefore[index]!)
  const after = await secretsOf(pair)

  expect(answers).toEqual(Array.from({ length: CALLS }, () => [200, { message: 'Success!' }]))
  expect(Math.min(...served)).toBeGreaterThanOrEqual(CALLS / 2)
  expect(after.previous?.hash).toBe(before.secretHash)
  expect(after.secretHash).not.toBe(before.secretHash)
  expect(await cookieOf(context)).not.toBe(cookieBefore)
  await send.click()
  await expect(success).toBeVisible()
  expect(await secretsOf(pair)).toEqual(after)
})

interface Secrets {
  readonly secretHash: string
  readonly previous: { readonly hash: string } | null
}

function otherDevice(browser: Browser, { balancer }: Pair): Promise<BrowserContext> {
  return browser.newContext({ baseURL: balancer.origin })
}

async function cookieOf(context: BrowserContext): Promise<string> {
  return (await context.cookies()).find(({ name }) => name === COOKIE_NAME)!.value
}

function callInParallel(page: Page, session: string): Promise<unknown[]> {
  return page.evaluate(({ calls, session }) => Promise.all(Array.from({ length: calls }, async () => {
    const answer = await fetch('/api/session', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ session }) })
    return [answer.status, await answer.json()]
  })), { calls: CALLS, session })
}

/** The secret of the newest anonymous session becomes as old as can be; answers what its record holds. */
async function makeRotationDue(pair: Pair): Promise<Secrets> {
  const record = await secretsOf(pair)
  await pair.admin.hset(await anonymousSession(pair), 'v', JSON.stringify({ ...record, rotatedAt: 0 }))
  return record
}

async function secretsOf(pair: Pair): Promise<Secrets> {
  return JSON.parse((await pair.admin.hget(await anonymousSession(pair), 'v'))!) as Secrets
}

async function anonymousSession({ admin }: Pair): Promise<string> {
  const [key] = await admin.zrevrange('cloakroom:{anonymous}:created', 0, 0)
  return `cloakroom:session:${key}`
}
