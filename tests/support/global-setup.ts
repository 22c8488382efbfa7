import { ensureCertificate } from '../../certs/certificate.ts'
import { ensureBrowser } from './browser.ts'

/** Before the first browser test: certificates and a browser are there. Workers inherit what it sets. */
export default async function globalSetup(): Promise<void> {
  await ensureCertificate()
  const path = ensureBrowser()
  if (path) process.env.PLAYWRIGHT_CHROMIUM_PATH = path
  else console.warn('\n*** NO BROWSER: every browser test is SKIPPED. Install Chrome, or set PLAYWRIGHT_CHROMIUM_PATH. ***\n')
}
