import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext, type LaunchOptions, type Page } from '@playwright/test'
import { freePort } from './free-port.ts'

/** The browser's setting for third-party cookies. */
export type ThirdPartyCookies = 'allowed' | 'blocked'

/** What the page shows for one scenario. */
export interface ShownResult {
  id: string
  outcome: string
  cookie: string
  requests: string
  why: string
}

/** The same, or all cookies blocked. */
export type CookieSetting = ThirdPartyCookies | 'none'

/** Chromium's preferences, as its settings page writes them. */
const PREFERENCES: Record<CookieSetting, object> = {
  allowed: { cookie_controls_mode: 0, block_third_party_cookies: false },
  blocked: { cookie_controls_mode: 1, block_third_party_cookies: true },
  none: { default_content_setting_values: { cookies: 2 } },
}

/** Settings that enable the comparison, on free ports. */
export async function comparisonEnv(): Promise<Record<string, string>> {
  return {
    NUXT_COMPARE: '1',
    NUXT_COMPARE_SAME_SITE_PORT: String(await freePort()),
    NUXT_COMPARE_CROSS_SITE_PORT: String(await freePort()),
  }
}

/** Starts a browser with its own profile that has this setting. Playwright's usual contexts have no profile. */
export async function openProfile(
  setting: CookieSetting,
  options: LaunchOptions & { baseURL?: string },
): Promise<{ context: BrowserContext, close: () => Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), 'cloakroom-profile-'))
  mkdirSync(join(directory, 'Default'))
  writeFileSync(join(directory, 'Default', 'Preferences'), JSON.stringify({ profile: PREFERENCES[setting] }))
  const executablePath = process.env.TEST_BROWSER_WITH_PROFILES
  const context = await chromium.launchPersistentContext(directory, { ...options, executablePath })
  return {
    context,
    close: async () => {
      await context.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/**
 * Opens the page, clicks its button and waits for the end of the run.
 *
 * @param delay label of the radio button to select first
 */
export async function runComparison(page: Page, delay?: string): Promise<ShownResult[]> {
  await page.goto('/compare')
  if (delay) await page.getByRole('radio', { name: delay }).click()
  await page.getByRole('button', { name: 'Run the comparison' }).click()
  await page.getByRole('status').filter({ hasText: 'Done:' }).waitFor()
  return page.locator('tbody[data-scenario]').evaluateAll(rows => rows.map((row) => {
    const text = (selector: string) => row.querySelector(selector)?.textContent.trim() ?? ''
    return {
      id: row.getAttribute('data-scenario')!,
      outcome: text('[data-cell=outcome]'),
      cookie: text('[data-cell=cookie]'),
      requests: text('[data-cell=methods]'),
      why: text('[data-cell=why]'),
    }
  }))
}
