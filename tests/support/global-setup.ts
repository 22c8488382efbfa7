import { ensureCertificate } from '../../certs/certificate.ts'
import { ensureBrowsers } from './browser.ts'

/** Prepares certificates and browsers before the first browser test. Workers inherit the variables that it sets. */
export default async function globalSetup(): Promise<void> {
  const { caCert } = await ensureCertificate()
  process.env.NODE_EXTRA_CA_CERTS = caCert // For API calls with a browser's cookies.
  const browsers = ensureBrowsers()
  if (browsers) {
    process.env.TEST_BROWSER = browsers.light
    process.env.TEST_BROWSER_WITH_PROFILES = browsers.full
  }
  else {
    console.warn('\n*** All browser tests are SKIPPED: install Chrome, or set PLAYWRIGHT_CHROMIUM_PATH. ***\n')
  }
}
