import type { BrowserContext } from '@playwright/test'
import { expect, expectAccessible, hydrated, test } from '../support/fixtures.ts'
import { sessionPage, UUID } from '../support/session-page.ts'

test.beforeEach(async ({ page }) => {
  await page.goto('/')
  await expect(sessionPage(page).value).toHaveValue(UUID)
})

test('sending the value succeeds', async ({ page }) => {
  const { send, success } = sessionPage(page)
  await send.click()

  await expect(success).toBeVisible()
  await expectAccessible(page)
})

test('sending a tampered value says that it does not match', async ({ page, problems }) => {
  problems.expect(/status of 422/)
  const { value, send, success, mismatch } = sessionPage(page)
  await value.fill(`${await value.inputValue()}x`)
  await send.click()

  await expect(mismatch).toBeVisible()
  await expect(success).toHaveCount(0)
  await expectAccessible(page)
})

test('the correct value succeeds after a wrong one', async ({ page, problems }) => {
  problems.expect(/status of 422/)
  const { value, send, success, mismatch } = sessionPage(page)
  const correct = await value.inputValue()
  await value.fill('wrong')
  await send.click()
  await expect(mismatch).toBeVisible()
  await value.fill(correct)
  await send.click()

  await expect(success).toBeVisible()
  await expect(mismatch).toHaveCount(0)
})

test('pressing Enter in the field sends the value', async ({ page }) => {
  await hydrated(page) // Before that, the button is disabled, and Enter does nothing.
  const { value, success } = sessionPage(page)
  await value.press('Enter')

  await expect(success).toBeVisible()
})

test('a new value replaces the old one, which no longer matches', async ({ page, problems }) => {
  problems.expect(/status of 422/)
  const { value, send, newValue, mismatch, success } = sessionPage(page)
  const old = await value.inputValue()
  await newValue.click()
  await expect(value).not.toHaveValue(old)
  await expect(value).toHaveValue(UUID)
  await send.click()
  await expect(success).toBeVisible()
  await value.fill(old)
  await send.click()

  await expect(mismatch).toBeVisible()
})

test('the value survives a reload', async ({ page }) => {
  const { value, send, success } = sessionPage(page)
  const before = await value.inputValue()
  await page.reload()

  await expect(value).toHaveValue(before)
  await send.click()
  await expect(success).toBeVisible()
})

test('two tabs share one session and show the same value', async ({ page, context, problems }) => {
  problems.expect(/status of 422/)
  const second = await context.newPage()
  await second.goto('/')
  const here = sessionPage(page)
  const there = sessionPage(second)
  const shared = await here.value.inputValue()
  await expect(there.value).toHaveValue(shared)
  await there.newValue.click()
  await expect(there.value).not.toHaveValue(shared)
  await expect(here.value).toHaveValue(await there.value.inputValue())
  await here.value.fill(shared)
  await here.send.click()

  await expect(here.mismatch).toBeVisible()
})

test('another browser has another session', async ({ page, browser, app }) => {
  const otherBrowser = await browser.newContext({ baseURL: app.origin })
  const other = sessionPage(await openIn(otherBrowser))
  await expect(other.value).toHaveValue(UUID)

  await expect(other.value).not.toHaveValue(await sessionPage(page).value.inputValue())
  await otherBrowser.close()
})

async function openIn(context: BrowserContext) {
  const page = await context.newPage()
  await page.goto('/')
  return page
}
