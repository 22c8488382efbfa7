import type { BrowserContext, Page } from '@playwright/test'
import { expect, hydrated, test } from '../support/fixtures.ts'
import { FIXTURE_ORIGIN, startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { buildPackedApp } from '../support/packed-app.ts'

test.describe.configure({ mode: 'serial' })

const LETTER = 'Dear Charles'

let server: FixtureServer
let origin: string

test.beforeAll(async () => {
  server = await startFixture(await buildPackedApp('npm', 'host'))
  origin = server.url.replace('127.0.0.1', 'localhost')
})

test.afterAll(() => server.dispose())

// First, because a page that is still loading its code reports that the server has gone.
test.afterEach(async ({ context }) => {
  for (const page of context.pages()) await page.close()
})

for (const path of ['/letter', '/guarded/letter', '/spa/letter']) {
  test(`a page is loaded again for each other user, with the user's own draft: ${path}`, async ({ context, page }) => {
    await signIn(context, 'ada')
    const loads = await open(page, path)
    await expectLetter(page, 'ada', '')
    await letter(page).fill(LETTER)
    await signIn(context, 'bob')
    await openAnotherTab(context)
    await expectLetter(page, 'bob', '')
    await signIn(context, 'ada')
    await openAnotherTab(context)

    await expectLetter(page, 'ada', LETTER)
    await expect(page.getByText('This is as you left it.')).toBeVisible()
    await expect.poll(() => loads).toEqual([path, path])
  })
}

test('a cached page is loaded again for another user', async ({ context, page }) => {
  await signIn(context, 'ada')
  const loads = await open(page, '/cached/letter')
  await expectLetter(page, 'ada', '')
  await letter(page).fill(LETTER)
  await signIn(context, 'bob')
  await openAnotherTab(context)

  await expectLetter(page, 'bob', '')
  await expect.poll(() => loads).toEqual(['/cached/letter'])
})

test('a page that the app’s own cache returns again is loaded only once', async ({ context, page }) => {
  await signIn(context, 'ada')
  const html = await (await context.request.get(`${origin}/letter`)).text()
  await page.route('**/letter', route => route.fulfill({ contentType: 'text/html', body: html }))
  const loads = await open(page, '/letter')
  await signIn(context, 'bob')
  await openAnotherTab(context)
  await expect.poll(() => loads).toEqual(['/letter'])
  await hydrated(page)
  await openAnotherTab(context)

  await expect(page.getByRole('heading')).toHaveText('A letter from bob')
  await expect.poll(() => loads).toEqual(['/letter'])
})

test('a tab that signs another user in without a sign-out is loaded again', async ({ context, page }) => {
  await signIn(context, 'bob')
  const loads = await open(page, '/')
  await page.evaluate(() => Object.assign(window, { former: true }))
  await page.getByRole('button', { name: 'Sign in' }).click()

  await expect(page.getByTestId('status')).toHaveText('signed-in ada')
  await page.waitForFunction(() => !('former' in window))
  await expect(page.getByTestId('status')).toHaveText('signed-in ada')
  await expect.poll(() => loads).toEqual(['/'])
})

const letter = (page: Page) => page.getByRole('textbox', { name: 'Letter' })

async function expectLetter(page: Page, user: string, text: string): Promise<void> {
  await expect(page.getByRole('heading')).toHaveText(`A letter from ${user}`)
  await expect(letter(page)).toHaveValue(text)
  await hydrated(page)
}

/** Opens a page. Returns the paths of the documents that the tab loads afterwards. */
async function open(page: Page, path: string): Promise<string[]> {
  await page.goto(origin + path)
  await hydrated(page)
  const paths: string[] = []
  page.on('domcontentloaded', () => {
    paths.push(new URL(page.url()).pathname)
  })
  return paths
}

/** Signs a user in with this browser, as a tab would that does not notify the others. */
async function signIn({ request }: BrowserContext, name: string): Promise<void> {
  const response = await request.post(`${origin}/api/sign-in?name=${name}`, { headers: { origin: FIXTURE_ORIGIN } })
  expect(response.ok()).toBe(true)
}

async function openAnotherTab(context: BrowserContext): Promise<void> {
  const page = await context.newPage()
  await page.goto(`${origin}/`)
  await hydrated(page)
  await page.close()
}
