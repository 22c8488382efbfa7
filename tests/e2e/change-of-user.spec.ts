import type { BrowserContext, Page } from '@playwright/test'
import { expect, hydrated, test as base } from '../support/fixtures.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { accountPage, devicesPage, newName, PASSWORD, register, signIn, signInPage } from '../support/account-page.ts'

/** With a separate server, because these tests sign in about half as often as one address may. */
const test = base.extend<object, { app: BuiltServer }>({
  app: [async ({}, use) => {
    const app = await startBuiltServer()
    await use(app)
    await app.dispose()
  }, { scope: 'worker' }],
})

const LETTER = 'Dear Charles,\n\nthe engine might compose'
/** Older than what a tab refreshes on return. */
const SLEEP_MS = 61_000

test('a page is loaded again when another user signs in in another tab', async ({ page, context }) => {
  const { before, after } = await twoUsers(page)
  await signIn(page, before, '/account')
  await accountPage(page).note.fill(LETTER)
  const loads = countPages(page)
  await signIn(await context.newPage(), after, '/account')

  await expectUser(page, after)
  await hydrated(page)
  await expect(accountPage(page).note).toHaveValue('')
  await accountPage(page).save.click()
  await expect(accountPage(page).message).toHaveText('There is no note any more.')
  expect(await noteOf(context)).toBeUndefined()
  await expect.poll(() => loads).toEqual(['/account'])
})

test('a page is loaded again when another user signs in with a form that was open', async ({ page, context }) => {
  const { before, after } = await twoUsers(page)
  const form = await context.newPage()
  await form.goto('/sign-in?returnTo=/devices')
  await hydrated(form)
  await signIn(page, before, '/account')
  await expectUser(form, before)
  await accountPage(page).note.fill(LETTER)
  const loads = countPages(form)
  await fillIn(form, after)

  await expect(form).toHaveURL('/devices')
  await expectUser(form, after)
  await expectUser(page, after)
  await expect(accountPage(page).note).toHaveValue('')
  await hydrated(page)
  await expect.poll(() => loads).toEqual(['/devices'])
})

test('a tab that slept saves nothing for the next user, and is loaded again', async ({ page, context, problems }) => {
  problems.expect(/status of 409/)
  const { before, after } = await twoUsers(page)
  await muteTab(page)
  await signIn(page, before, '/account')
  await accountPage(page).note.fill(LETTER)
  await signIn(await context.newPage(), after, '/account')
  await expectUser(page, before)
  const loads = countPages(page)
  await page.evaluate(() => addEventListener('beforeunload', event => event.preventDefault())) // Never asked.
  await accountPage(page).save.click()

  await expectUser(page, after)
  await hydrated(page)
  await expect(accountPage(page).note).toHaveValue('')
  expect(await noteOf(context)).toBeUndefined()
  await expect.poll(() => loads).toEqual(['/account'])
})

for (const [how, wake] of [['is shown again', show], ['is restored from the back/forward cache', restore]] as const) {
  test(`a tab that slept is loaded again when it ${how}`, async ({ page, context }) => {
    const { before, after } = await twoUsers(page)
    await page.clock.install()
    await muteTab(page)
    await signIn(page, before, '/account')
    await accountPage(page).note.fill(LETTER)
    await signIn(await context.newPage(), after, '/account')
    await expectUser(page, before)
    const loads = countPages(page)
    await wake(page)

    await expectUser(page, after)
    await hydrated(page)
    await expect(accountPage(page).note).toHaveValue('')
    await expect.poll(() => loads).toEqual(['/account'])
  })
}

test('a page reached by the Back button has nothing of the former user', async ({ page, context }) => {
  const { before, after } = await twoUsers(page)
  await signIn(page, before, '/account')
  await accountPage(page).note.fill(LETTER)
  await page.goto('about:blank')
  await signIn(await context.newPage(), after, '/account')
  await page.goBack()

  await expectUser(page, after)
  await hydrated(page)
  await expect(accountPage(page).note).toHaveValue('')
})

test('a draft is given back to the user who has written it, after another user', async ({ page, context }) => {
  const { before, after } = await twoUsers(page)
  await signIn(page, before, '/account')
  await accountPage(page).note.fill(LETTER)
  const other = await context.newPage()
  await signIn(other, after, '/account')
  await expectUser(page, after)
  await hydrated(page)
  await other.close()
  await devicesPage(page).headerSignOut.click()
  await expect(page).toHaveURL('/')
  await page.goto('/account')
  await hydrated(page)
  const loads = countPages(page)
  await fillIn(page, before)

  await expect(page).toHaveURL('/account')
  await expectUser(page, before)
  await expect(accountPage(page).note).toHaveValue(LETTER)
  expect(loads).toEqual([])
})

test('a draft is in the page that is loaded when its user signs in again in another tab', async ({ page, context }) => {
  const { before, after } = await twoUsers(page)
  await signIn(page, before, '/account')
  await accountPage(page).note.fill(LETTER)
  const other = await context.newPage()
  await signIn(other, after, '/account')
  await expectUser(page, after)
  await hydrated(page)
  await other.close()
  await signIn(await context.newPage(), before, '/devices')

  await expectUser(page, before)
  await expect(accountPage(page).note).toHaveValue(LETTER)
})

test('a user who signs in after another one in the same tab gets a new page, once', async ({ page }) => {
  const { before, after } = await twoUsers(page)
  await signIn(page, before, '/account')
  await page.evaluate(() => Object.assign(window, { former: true }))
  await devicesPage(page).headerSignOut.click()
  await expect(page).toHaveURL('/')
  await devicesPage(page).headerSignIn.click()
  await expect(page).toHaveURL(/\/sign-in/)
  const loads = countPages(page)
  await fillIn(page, after)

  await expectUser(page, after)
  await expect(page).toHaveURL('/')
  expect(await page.evaluate(() => 'former' in window)).toBe(false)
  await expect.poll(() => loads).toEqual(['/'])
})

test('a visitor who signs in, and the same user who signs in again, keep the page', async ({ page }) => {
  const { before: name } = await twoUsers(page)
  await page.goto('/sign-in?returnTo=/account')
  await hydrated(page)
  const loads = countPages(page)
  await fillIn(page, name)
  await expect(page).toHaveURL('/account')
  await devicesPage(page).headerSignOut.click()
  await expect(page).toHaveURL('/')
  await devicesPage(page).headerSignIn.click()
  await fillIn(page, name)

  await expectUser(page, name)
  expect(loads).toEqual([])
})

async function expectUser(page: Page, name: string): Promise<void> {
  await expect(page.getByRole('banner').getByRole('paragraph')).toHaveText(`Signed in as ${name}`)
}

const users: string[] = []

/** Two accounts, the same for all tests. The browser is signed in as neither. */
async function twoUsers(page: Page): Promise<{ before: string, after: string }> {
  while (users.length < 2) {
    const name = newName()
    await register(page, name)
    await page.goto('about:blank')
    users.push(name)
  }
  await page.context().clearCookies()
  return { before: users[0]!, after: users[1]! }
}

/** Signs in on the sign-in page that is open. */
async function fillIn(page: Page, user: string): Promise<void> {
  const form = signInPage(page)
  await form.name.fill(user)
  await form.password.fill(PASSWORD)
  await form.signIn.click()
}

/** The paths of the documents that the tab loads from now on. */
function countPages(page: Page): string[] {
  const paths: string[] = []
  page.on('domcontentloaded', () => {
    paths.push(new URL(page.url()).pathname)
  })
  return paths
}

/** A tab that receives no message and no event, like one that is asleep. Call it before the page is opened. */
async function muteTab(page: Page): Promise<void> {
  await page.addInitScript(() => {
    BroadcastChannel.prototype.addEventListener = () => {}
    EventSource.prototype.addEventListener = () => {}
  })
}

/** The user returns to the tab after a long time. */
async function show(page: Page): Promise<void> {
  const setVisibility = (state: string) => page.evaluate((state) => {
    Object.defineProperty(document, 'visibilityState', { value: state, configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
  }, state)
  await setVisibility('hidden')
  await page.clock.fastForward(SLEEP_MS)
  await setVisibility('visible')
}

async function restore(page: Page): Promise<void> {
  await page.evaluate(() => window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })))
}

/** The note in the session of the browser's current user. */
async function noteOf({ request }: BrowserContext): Promise<string | undefined> {
  const { data } = await (await request.get('/api/_session')).json() as { data: { note?: string } }
  return data.note
}
