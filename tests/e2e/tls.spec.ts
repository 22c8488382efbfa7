import { BROWSER_ARGUMENTS } from '../support/browser.ts'
import { expect, test } from '../support/fixtures.ts'

// Every other test would pass with verification off as well; these are the ones that would not.

test('a browser that does not know the certificate shows no page', async ({ app, playwright }) => {
  const browser = await playwright.chromium.launch({ executablePath: process.env.PLAYWRIGHT_CHROMIUM_PATH, args: BROWSER_ARGUMENTS })
  const page = await browser.newPage()

  await expect(page.goto(app.origin)).rejects.toThrow('ERR_CERT_AUTHORITY_INVALID')
  await browser.close()
})

test('a client that does not know the authority sends no request', async ({ app }) => {
  await expect(fetch(app.origin)).rejects.toMatchObject({ cause: { code: expect.stringMatching(/^(SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE)$/) } })
})
