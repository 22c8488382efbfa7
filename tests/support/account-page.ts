import type { BrowserContext, Page } from '@playwright/test'
import { expect, hydrated } from './fixtures.ts'
import { keepTexts } from './leak-search.ts'

/** A password that the server accepts. */
export const PASSWORD = 'correct cloakroom staple'
keepTexts(PASSWORD)

let accounts = 0

/** A user name that is free on this test's server. */
export function newName(): string {
  accounts++
  return `ada-${process.pid}-${accounts}`
}

/** The parts of the page `/sign-in`. */
export function signInPage(page: Page) {
  const button = (name: string) => page.getByRole('main').getByRole('button', { name, exact: true })
  return {
    name: page.getByRole('textbox', { name: 'Name' }),
    password: page.getByRole('textbox', { name: 'Password' }),
    remember: page.getByRole('checkbox'),
    signIn: button('Sign in'),
    create: button('Create account'),
    toRegister: button('Create an account instead'),
    alert: page.getByRole('main').getByRole('alert'),
  }
}

/** The parts of the page `/devices`, and of the header. */
export function devicesPage(page: Page) {
  return {
    heading: page.getByRole('heading', { name: 'Where you are signed in' }),
    devices: page.getByRole('region', { name: 'Devices' }).getByRole('listitem'),
    signOutOther: page.getByRole('button', { name: /^Sign out \S+ \d+ on/ }),
    signOutOthers: page.getByRole('button', { name: 'Sign out all others' }),
    signOutEverywhere: page.getByRole('button', { name: 'Sign out everywhere' }),
    headerSignOut: page.getByRole('banner').getByRole('button', { name: 'Sign out' }),
    headerSignIn: page.getByRole('banner').getByRole('link', { name: 'Sign in' }),
  }
}

/** The parts of the page `/account`. */
export function accountPage(page: Page) {
  const main = page.getByRole('main')
  return {
    note: main.getByRole('textbox', { name: 'Note' }),
    save: main.getByRole('button', { name: 'Save note' }),
    current: main.getByRole('textbox', { name: 'Current password' }),
    chosen: main.getByRole('textbox', { name: 'New password' }),
    change: main.getByRole('button', { name: 'Change password' }),
    /** The message of one of the forms. */
    message: main.getByRole('status').filter({ hasText: /./ }),
    problem: main.getByRole('alert').filter({ hasText: /./ }),
  }
}

/** Creates an account by an API call, then opens `path` as its user. `sign-in.spec.ts` tests the form. */
export async function register(page: Page, name: string, path = '/devices'): Promise<void> {
  await authenticate(page.context(), 'register', name, PASSWORD)
  await open(page, path)
}

/** Signs in by an API call, then opens `path`. */
export async function signIn(page: Page, name: string, path = '/devices', password = PASSWORD): Promise<void> {
  await authenticate(page.context(), 'sign-in', name, password)
  await open(page, path)
}

/** Signs in, in a browser whose two tabs then show the hydrated page `/devices`. */
export async function signInTwoTabs(context: BrowserContext, name: string): Promise<[Page, Page]> {
  const tabs: [Page, Page] = [await context.newPage(), await context.newPage()]
  await signIn(tabs[0], name)
  await open(tabs[1], '/devices')
  return tabs
}

/** Opens a page and waits until it is hydrated. */
async function open(page: Page, path: string): Promise<void> {
  await page.goto(path)
  await expect(page).toHaveURL(path)
  await hydrated(page)
}

/** Calls the API as a page of this browser would: from its own origin, and with the browser's cookies. */
async function authenticate(
  { request }: BrowserContext,
  route: 'register' | 'sign-in',
  name: string,
  password: string,
): Promise<void> {
  const { origin } = new URL((await request.get('/api/_session')).url())
  const response = await request.post(`/api/account/${route}`, { headers: { origin }, data: { name, password } })
  expect(response.ok(), `${response.status()} ${await response.text()}`).toBe(true)
}
