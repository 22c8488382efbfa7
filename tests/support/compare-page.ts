import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext, type LaunchOptions, type Page } from '@playwright/test'
import { freePort } from './free-port.ts'

/** What the browser's owner has chosen for cookies of third parties. */
export type ThirdPartyCookies = 'allowed' | 'blocked'

/** What the page shows of one scenario. */
export interface ShownResult {
  id: string
  outcome: string
  cookie: string
  requests: string
  why: string
}

/** Or for all cookies whatever. */
export type CookieChoice = ThirdPartyCookies | 'none'

/** Chromium's preferences, as its settings page writes them. */
const PREFERENCES: Record<CookieChoice, object> = {
  allowed: { cookie_controls_mode: 0, block_third_party_cookies: false },
  blocked: { cookie_controls_mode: 1, block_third_party_cookies: true },
  none: { default_content_setting_values: { cookies: 2 } },
}

/** Switches the comparison on, on ports that were free a moment ago. */
export async function comparisonEnv(): Promise<Record<string, string>> {
  return {
    NUXT_COMPARE: '1',
    NUXT_COMPARE_SAME_SITE_PORT: String(await freePort()),
    NUXT_COMPARE_CROSS_SITE_PORT: String(await freePort()),
  }
}

/** A browser with a profile of its own in which that choice is made: Playwright's usual contexts have no profile to make one in. */
export async function openProfile(choice: CookieChoice, options: LaunchOptions & { baseURL?: string }): Promise<{ context: BrowserContext, close: () => Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), 'cloakroom-profile-'))
  mkdirSync(join(directory, 'Default'))
  writeFileSync(join(directory, 'Default', 'Preferences'), JSON.stringify({ profile: PREFERENCES[choice] }))
  const context = await chromium.launchPersistentContext(directory, { ...options, executablePath: process.env.TEST_BROWSER_WITH_PROFILES })
  return {
    context,
    close: async () => {
      await context.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Opens the page, presses its button and waits for the end of the run. `distance`: the choice to make before, by its name. */
export async function runComparison(page: Page, distance?: string): Promise<ShownResult[]> {
  await page.goto('/compare')
  if (distance) await page.getByRole('radio', { name: distance }).click()
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
