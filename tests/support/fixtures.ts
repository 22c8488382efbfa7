import AxeBuilder from '@axe-core/playwright'
import { test as base, expect, type BrowserContext, type Page } from '@playwright/test'
import { BROWSER_ARGUMENTS } from './browser.ts'
import { publicKeyHash } from './certificate.ts'
import { startBuiltServer, type BuiltServer } from './server.ts'

/** What went wrong in any page of a test's browser: console errors and warnings, uncaught errors, CSP violations. */
export interface Problems {
  /** Lets a problem that matches pass; the test fails if none comes. A refused call is one: Chromium logs it as an error. */
  expect(pattern: RegExp): void
  /** Lets a problem that matches pass, whether it comes or not: for what the page may or may not try while the server is down. */
  allow(pattern: RegExp): void
}

interface TestFixtures { problems: Problems, browserNeeded: undefined }
interface WorkerFixtures { app: BuiltServer }

/** Playwright's `test` with the built server as `app`, and a browser in which every problem fails the test. */
export const test = base.extend<TestFixtures, WorkerFixtures>({
  launchOptions: [async ({}, use) => {
    await use({
      executablePath: process.env.TEST_BROWSER,
      // Pins the local certificate's key instead of switching verification off: any other key is still refused.
      args: [...BROWSER_ARGUMENTS, `--ignore-certificate-errors-spki-list=${publicKeyHash()}`],
    })
  }, { scope: 'worker' }],
  app: [async ({}, use) => {
    const app = await startBuiltServer()
    await use(app)
    await app.dispose()
  }, { scope: 'worker' }],
  baseURL: async ({ app }, use) => use(app.origin),
  browserNeeded: [async ({}, use, testInfo) => {
    testInfo.skip(!process.env.TEST_BROWSER, 'No browser on this machine.')
    await use(undefined)
  }, { auto: true }],
  problems: [async ({ context }, use) => {
    const seen: string[] = []
    const expected: RegExp[] = []
    const allowed: RegExp[] = []
    collect(context, seen)
    await use({ expect: pattern => void expected.push(pattern), allow: pattern => void allowed.push(pattern) })
    await Promise.all(context.pages().map(flush))
    const isKnown = (text: string) => [...expected, ...allowed].some(pattern => pattern.test(text))
    expect(seen.filter(text => !isKnown(text)), 'problems in the browser').toEqual([])
    expect(expected.filter(pattern => !seen.some(text => pattern.test(text))), 'problems that did not come').toEqual([])
  }, { auto: true }],
})

export { expect }

/** What a browser and Nuxt say while there is no network. A link's page and its middleware are fetched ahead (Nuxt's own plugin), and nobody waits for those. */
export const OFFLINE = /ERR_INTERNET_DISCONNECTED|ERR_NETWORK_CHANGED|NUXT_E5002|Failed to fetch dynamically imported module/

/** Those of axe's rules whose result depends on colors. */
const COLOR_RULES = ['color-contrast', 'link-in-text-block']

/**
 * Asserts that axe finds nothing on the page as it stands, in light and in dark mode; leaves it in the mode it was in.
 *
 * @param rules for the mode it is in; default: all. In the other mode, only the rules that depend on colors can find anything else.
 */
export async function expectAccessible(page: Page, rules?: readonly string[]): Promise<void> {
  // Of other pages, and of one without scripts, there is nothing to wait for.
  if (await page.evaluate(() => '__NUXT_COLOR_MODE__' in window)) await settled(page)
  const [before, other] = await page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches) ? ['dark', 'light'] as const : ['light', 'dark'] as const
  await expectNoFindings(page, before, rules)
  await expectNoFindings(page, other, COLOR_RULES)
  await page.emulateMedia({ colorScheme: before })
}

async function expectNoFindings(page: Page, scheme: 'light' | 'dark', rules?: readonly string[]): Promise<void> {
  await page.emulateMedia({ colorScheme: scheme })
  await page.waitForFunction(expected => !('__NUXT_COLOR_MODE__' in window) || document.documentElement.classList.contains(expected), scheme)
  await transitionsEnd(page)
  const axe = new AxeBuilder({ page }).setLegacyMode() // Without a second page for each call: that is for pages with frames of other origins.
  const { violations } = await (rules ? axe.withRules([...rules]) : axe).analyze()
  const findings = violations.map(({ id, help, nodes }) => ({ id, help, targets: nodes.map(node => node.target.join(' ')) }))
  expect(findings, `axe in ${scheme} mode`).toEqual([])
}

/** Waits until the page's script has taken over: what it does by itself, it does from then on, such as to follow the system's color scheme. */
export async function settled(page: Page): Promise<void> {
  await page.waitForFunction(() => (window as { useNuxtApp?: () => { isHydrating: boolean } }).useNuxtApp?.().isHydrating === false)
}

/** Half-way between two colours axe would measure a third. */
async function transitionsEnd(page: Page): Promise<void> {
  await page.evaluate(() => Promise.allSettled(document.getAnimations().filter(run => run instanceof CSSTransition).map(run => run.finished)))
}

/** Vue reports hydration mismatches, and the browser CSP violations, as console errors: this sees them too. */
function collect(context: BrowserContext, seen: string[]): void {
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) seen.push(`${message.type()}: ${message.text()}`)
  })
  context.on('weberror', error => seen.push(`uncaught: ${error.error().stack || error.error()}`))
}

/** A round trip through the page, so that what it logged before has arrived. */
async function flush(page: Page): Promise<void> {
  if (!page.isClosed()) await page.evaluate(() => undefined)
}
