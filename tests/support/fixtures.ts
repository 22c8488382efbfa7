import AxeBuilder from '@axe-core/playwright'
import { test as base, expect, type BrowserContext, type Page } from '@playwright/test'
import { BROWSER_ARGUMENTS } from './browser.ts'
import { publicKeyHash } from './certificate.ts'
import { keepTexts } from './leak-search.ts'
import { startBuiltServer, type BuiltServer } from './server.ts'

/**
 * Problems in any page of a test's browser: console errors and warnings, uncaught errors, violations of the content
 * security policy.
 */
export interface Problems {
  /**
   * Accepts problems that match, and fails the test if there is none. A response with an error status is a problem,
   * because Chromium logs it.
   */
  expect(pattern: RegExp): void
  /** Accepts problems that match, if there are any: for requests that a page may or may not make during an outage. */
  allow(pattern: RegExp): void
}

interface TestFixtures { problems: Problems, browserNeeded: undefined }
interface WorkerFixtures { app: BuiltServer }

/** Playwright's `test` with the built server as `app`, and a browser in which every problem fails the test. */
export const test = base.extend<TestFixtures, WorkerFixtures>({
  launchOptions: [async ({}, use) => {
    await use({
      executablePath: process.env.TEST_BROWSER,
      // Pins the key of the local certificate; with verification switched off any other key would be accepted too.
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
    await use({
      expect(pattern) {
        expected.push(pattern)
      },
      allow(pattern) {
        allowed.push(pattern)
      },
    })
    await Promise.all(context.pages().map(flush))
    await keepCookies(context)
    const isAccepted = (text: string) => [...expected, ...allowed].some(pattern => pattern.test(text))
    const missing = expected.filter(pattern => !seen.some(text => pattern.test(text)))
    expect(seen.filter(text => !isAccepted(text)), 'problems in the browser').toEqual([])
    expect(missing, 'expected problems that did not occur').toEqual([])
  }, { auto: true }],
})

export { expect }

/** Nuxt prefetches a link's page and its middleware, at a moment that no test can wait for. */
const FAILED_PREFETCH = 'NUXT_E5002|Failed to fetch dynamically imported module'
/** What a browser and Nuxt log while there is no network. */
export const OFFLINE = new RegExp(`ERR_INTERNET_DISCONNECTED|ERR_NETWORK_CHANGED|${FAILED_PREFETCH}`)
/** What they log while the server is down. */
export const SERVER_DOWN = new RegExp(`ERR_CONNECTION_REFUSED|${FAILED_PREFETCH}`)
/** What a browser logs if the server has cut the event stream. */
export const STREAM_CUT = /ERR_INCOMPLETE_CHUNKED/

async function keepCookies(context: BrowserContext): Promise<void> {
  const cookies = await context.cookies().catch(() => []) // The test may have closed it.
  keepTexts(cookies.filter(({ name }) => name.startsWith('__Host-')).map(({ value }) => value))
}

/** The axe rules whose result depends on colors. */
const COLOR_RULES = ['color-contrast', 'link-in-text-block']

/**
 * Asserts that axe finds no violation on the current page in light and in dark mode. The page keeps its mode.
 *
 * @param rules for the current mode; default: all. In the other mode, only the rules that depend on colors can differ.
 */
export async function expectAccessible(page: Page, rules?: readonly string[]): Promise<void> {
  // Pages that Nuxt did not render, and pages without scripts, do not hydrate.
  if (await page.evaluate(() => '__NUXT_COLOR_MODE__' in window)) await hydrated(page)
  const isDark = await page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches)
  const [current, other] = isDark ? ['dark', 'light'] as const : ['light', 'dark'] as const
  await expectNoFindings(page, current, rules)
  await expectNoFindings(page, other, COLOR_RULES)
  await page.emulateMedia({ colorScheme: current })
}

async function expectNoFindings(page: Page, scheme: 'light' | 'dark', rules?: readonly string[]): Promise<void> {
  await page.emulateMedia({ colorScheme: scheme })
  await page.waitForFunction(
    expected => !('__NUXT_COLOR_MODE__' in window) || document.documentElement.classList.contains(expected),
    scheme,
  )
  await transitionsEnd(page)
  // Without legacy mode axe opens a second page for each call, which only frames of other origins need.
  const axe = new AxeBuilder({ page }).setLegacyMode()
  const { violations } = await (rules ? axe.withRules([...rules]) : axe).analyze()
  const findings = violations.map(({ id, help, nodes }) => {
    return { id, help, targets: nodes.map(node => node.target.join(' ')) }
  })
  expect(findings, `axe in ${scheme} mode`).toEqual([])
}

/** Resolves when the page is hydrated. Only then it reacts to changes, for example of the color scheme. */
export async function hydrated(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const { useNuxtApp } = window as { useNuxtApp?: () => { isHydrating: boolean } }
    return useNuxtApp?.().isHydrating === false
  })
}

/** During a transition axe would measure an intermediate color. */
async function transitionsEnd(page: Page): Promise<void> {
  await page.evaluate(() => {
    const transitions = document.getAnimations().filter(animation => animation instanceof CSSTransition)
    return Promise.allSettled(transitions.map(({ finished }) => finished))
  })
}

/** Includes hydration mismatches and violations of the content security policy, which are console errors. */
function collect(context: BrowserContext, seen: string[]): void {
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) seen.push(`${message.type()}: ${message.text()}`)
  })
  context.on('weberror', error => seen.push(`uncaught: ${error.error().stack || error.error()}`))
}

/** Makes a round trip through the page, so that all its earlier messages have been received. */
async function flush(page: Page): Promise<void> {
  if (!page.isClosed()) await page.evaluate(() => undefined)
}
