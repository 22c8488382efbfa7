import type { Page } from '@playwright/test'
import { expect, expectAccessible, hydrated, test } from '../support/fixtures.ts'
import { sessionPage, UUID } from '../support/session-page.ts'

const PHONE = { width: 360, height: 740 }
const DESKTOP = { width: 1280, height: 800 }

for (const [device, viewport] of Object.entries({ phone: PHONE, desktop: DESKTOP })) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test.describe(`on a ${device} in ${colorScheme} mode`, () => {
      test.use({ viewport, colorScheme })

      test('axe finds no violation and the page is not too wide', async ({ page }) => {
        await page.goto('/')
        await expect(sessionPage(page).value).toHaveValue(UUID)

        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width)
        expect(await lightness(page)).toBe(colorScheme)
        await expectAccessible(page)
      })
    })
  }
}

test('the Tab key reaches every control, in the order of the page', async ({ page }) => {
  await page.goto('/')
  const { value, send, newValue, endSession } = sessionPage(page)
  await hydrated(page) // Before that, the buttons are disabled, and the Tab key skips them.
  await value.focus()
  for (const control of [send, newValue, endSession, page.getByRole('button', { name: 'Reset idle clock' })]) {
    await page.keyboard.press('Tab')
    await expect(control).toBeFocused()
  }
})

test('every button keeps enough contrast under the pointer', async ({ page }) => {
  await page.goto('/')
  const { value, send, newValue, endSession } = sessionPage(page)
  await expect(value).toHaveValue(UUID)
  for (const button of [send, newValue, endSession, page.getByRole('button', { name: 'Reset idle clock' })]) {
    await button.hover()
    await expectAccessible(page, ['color-contrast'])
  }
})

test('the page for an unknown address says so and has no axe violation', async ({ page, problems }) => {
  problems.expect(/status of 404/)
  const response = await page.goto('/no-such-page')

  expect(response!.status()).toBe(404)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('No such page')
  await expectAccessible(page)
  await page.getByRole('link', { name: 'Go to the session' }).click()
  await expect(sessionPage(page).value).toHaveValue(UUID)
})

/** Whether the page's background is light or dark. A canvas converts any notation of a color into bytes. */
function lightness(page: Page): Promise<'light' | 'dark'> {
  return page.evaluate(() => {
    const pixel = document.createElement('canvas').getContext('2d')!
    pixel.fillStyle = getComputedStyle(document.body).backgroundColor
    pixel.fillRect(0, 0, 1, 1)
    const [red, green, blue] = pixel.getImageData(0, 0, 1, 1).data
    return red! + green! + blue! > 3 * 128 ? 'light' : 'dark'
  })
}
