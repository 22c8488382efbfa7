import { once } from 'node:events'
import { get } from 'node:https'
import { rootCertificates } from 'node:tls'
import { BROWSER_ARGUMENTS } from '../support/browser.ts'
import { expect, test } from '../support/fixtures.ts'

// Every other test would pass with verification off as well; these are the ones that would not.

test('a browser that does not know the certificate shows no page', async ({ app, playwright }) => {
  const browser = await playwright.chromium.launch({ executablePath: process.env.TEST_BROWSER, args: BROWSER_ARGUMENTS })
  const page = await browser.newPage()

  await expect(page.goto(app.origin)).rejects.toThrow('ERR_CERT_AUTHORITY_INVALID')
  await browser.close()
})

test('a client that does not know the authority sends no request', async ({ app }) => {
  // The system's authorities alone: a developer may have made Node trust the local one.
  const outgoing = get(app.origin, { ca: [...rootCertificates] })

  await expect(once(outgoing, 'response')).rejects.toMatchObject({ code: expect.stringMatching(/^(SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE)$/) })
})
