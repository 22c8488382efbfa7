import { defineConfig } from '@playwright/test'
import { HANG_MS } from './tests/support/limits.ts'

export default defineConfig({
  testDir: 'tests/e2e',
  testMatch: '*.spec.ts',
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
  use: { browserName: 'chromium', trace: 'off', screenshot: 'only-on-failure' },
})
