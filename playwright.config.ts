import { defineConfig } from '@playwright/test'
import { HANG_MS } from './tests/support/limits.ts'

/** In apps that have installed the packed module. Installing and building them takes minutes. */
const PACKED_APP_TESTS = /\/(?:host(?:-\w+)?|package)\.spec\.ts$/

export default defineConfig({
  testDir: 'tests/e2e',
  globalSetup: './tests/support/global-setup.ts',
  outputDir: 'test-results/e2e',
  fullyParallel: false,
  workers: 2,
  retries: 0, // A flaky test is a bug, here or in the app.
  forbidOnly: Boolean(process.env.CI),
  // They only end what hangs.
  timeout: 2 * HANG_MS,
  expect: { timeout: HANG_MS },
  reporter: [['list']],
  projects: [
    { name: 'app', testIgnore: PACKED_APP_TESTS },
    { name: 'packed', testMatch: PACKED_APP_TESTS },
  ],
  use: { browserName: 'chromium', trace: 'off', screenshot: 'only-on-failure' },
})
