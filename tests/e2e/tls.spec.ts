import { once } from 'node:events'
import { get } from 'node:https'
import { rootCertificates } from 'node:tls'
import { BROWSER_ARGUMENTS } from '../support/browser.ts'
import { expect, test } from '../support/fixtures.ts'

// All other tests would pass without verification of certificates too.

test('a browser that does not trust the certificate shows no page', async ({ app, playwright }) => {
  const executablePath = process.env.TEST_BROWSER
  const browser = await playwright.chromium.launch({ executablePath, args: BROWSER_ARGUMENTS })
  const page = await browser.newPage()

  await expect(page.goto(app.origin)).rejects.toThrow('ERR_CERT_AUTHORITY_INVALID')
  await browser.close()
})

test('a client that does not trust the local authority sends no request', async ({ app }) => {
  // A developer may have made Node trust the local authority.
  const outgoing = get(app.origin, { ca: [...rootCertificates] })

  await expect(once(outgoing, 'response')).rejects.toMatchObject({
    code: expect.stringMatching(/^(SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE)$/),
  })
})
