import { join } from 'node:path'
import { chromium } from '@playwright/test'
import { BROWSER_ARGUMENTS, ensureBrowsers } from '../tests/support/browser.ts'
import { publicKeyHash } from '../tests/support/certificate.ts'
import { startBuiltServer } from '../tests/support/server.ts'
import { sessionPage } from '../tests/support/session-page.ts'

// `npm run picture`: takes the README's screenshot of the page, from the existing build.
const file = join(import.meta.dirname, '../docs/images/home.png')
const WIDTH = 1280
const MARGIN = 32
const SCALE = 1.25 // Sharp enough, and under 300 kB.

const app = await startBuiltServer()
const browser = await chromium.launch({
  executablePath: ensureBrowsers()?.full,
  args: [...BROWSER_ARGUMENTS, `--ignore-certificate-errors-spki-list=${publicKeyHash()}`],
})
try {
  const page = await browser.newPage({
    baseURL: app.origin,
    viewport: { width: WIDTH, height: 800 },
    deviceScaleFactor: SCALE,
    colorScheme: 'light',
  })
  await page.goto('/')
  const { send, success, serverSide } = sessionPage(page)
  await send.click()
  await success.waitFor()
  await page.mouse.move(0, 0)
  const { y, height } = (await serverSide.boundingBox())!
  await page.screenshot({
    path: file,
    fullPage: true,
    animations: 'disabled',
    clip: { x: 0, y: 0, width: WIDTH, height: Math.ceil(y + height + MARGIN) },
  })
  console.log(`Wrote ${file}`)
}
finally {
  await browser.close()
  await app.dispose()
}
