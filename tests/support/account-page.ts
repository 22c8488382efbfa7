import type { BrowserContext, Page } from '@playwright/test'
import { expect, settled } from './fixtures.ts'

/** Good enough for the server, and nobody's. */
export const PASSWORD = 'correct cloakroom staple'

/**
 * What is promised: within a second, in every tab. CI's machine may take longer than that to draw a page; there it is enough that nothing but an event can have
 * been as quick, since a page asks by itself once a minute at most.
 */
export const AT_ONCE = { timeout: process.env.CI ? 5000 : 1000 }

let accounts = 0

/** A name that nobody has on this test's server. */
export function newName(): string {
  accounts++
  return `ada-${process.pid}-${accounts}`
}

/** The page `/sign-in` as a person finds it. */
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

/** The page `/devices`, and the header. */
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

/** The page `/account`. */
export function accountPage(page: Page) {
  const main = page.getByRole('main')
  return {
    note: main.getByRole('textbox', { name: 'Note' }),
    save: main.getByRole('button', { name: 'Save note' }),
    current: main.getByRole('textbox', { name: 'Current password' }),
    chosen: main.getByRole('textbox', { name: 'New password' }),
    change: main.getByRole('button', { name: 'Change password' }),
    /** Of whichever form has something to tell. */
    told: main.getByRole('status').filter({ hasText: /./ }),
    problem: main.getByRole('alert').filter({ hasText: /./ }),
  }
}

/** Makes an account through the page, which leads on to `path`. */
export async function register(page: Page, name: string, path = '/devices'): Promise<void> {
  await page.goto(`/sign-in?returnTo=${encodeURIComponent(path)}`)
  const form = signInPage(page)
  await form.toRegister.click()
  await form.name.fill(name)
  await form.password.fill(PASSWORD)
  await form.create.click()
  await expect(page).toHaveURL(path)
}

/** Signs in through the page, which leads on to `path`. */
export async function signIn(page: Page, name: string, path = '/devices', secret = PASSWORD): Promise<void> {
  await page.goto(`/sign-in?returnTo=${encodeURIComponent(path)}`)
  const form = signInPage(page)
  await form.name.fill(name)
  await form.password.fill(secret)
  await form.signIn.click()
  await expect(page).toHaveURL(path)
}

/** Signs a browser in: two of its tabs are on the page `/devices`, and run. */
export async function signInTwoTabs(context: BrowserContext, name: string): Promise<[Page, Page]> {
  const tabs: [Page, Page] = [await context.newPage(), await context.newPage()]
  await signIn(tabs[0], name)
  await tabs[1].goto('/devices')
  await settled(tabs[1])
  return tabs
}
