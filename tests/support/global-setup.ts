import { ensureCertificate } from '../../certs/certificate.ts'
import { ensureBrowsers } from './browser.ts'

/** Before the first browser test: certificates and browsers are there. Workers inherit what it sets. */
export default async function globalSetup(): Promise<void> {
  const { caCert } = await ensureCertificate()
  process.env.NODE_EXTRA_CA_CERTS = caCert // For calls that a test makes with a browser's cookies.
  const browsers = ensureBrowsers()
  if (browsers) {
    process.env.TEST_BROWSER = browsers.light
    process.env.TEST_BROWSER_WITH_PROFILES = browsers.full
  }
  else console.warn('\n*** NO BROWSER: every browser test is SKIPPED. Install Chrome, or set PLAYWRIGHT_CHROMIUM_PATH. ***\n')
}
