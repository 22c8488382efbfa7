import type { BrowserContext, Locator, Page } from '@playwright/test'

/** The app's session cookie. */
export const COOKIE_NAME = '__Host-session'

/** What the server issues as a value. */
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** The page `/` as a person finds it: by role and name only. */
export interface SessionPage {
  value: Locator
  send: Locator
  newValue: Locator
  endSession: Locator
  startAgain: Locator
  tryAgain: Locator
  success: Locator
  mismatch: Locator
  offline: Locator
  browserSide: Locator
  serverSide: Locator
}

/** Finds the parts of the page `/`. */
export function sessionPage(page: Page): SessionPage {
  const button = (name: string) => page.getByRole('button', { name, exact: true })
  const status = (text: string) => page.getByRole('status').filter({ hasText: text })
  return {
    value: page.getByRole('textbox', { name: 'Session value' }),
    send: button('Send'),
    newValue: button('New value'),
    endSession: button('End session'),
    startAgain: button('Start a new session'),
    tryAgain: button('Try again'),
    success: status('Success!'),
    mismatch: status('The data in the session does not match!'),
    offline: status('You are offline.'),
    browserSide: page.getByRole('region', { name: 'What the browser holds' }),
    serverSide: page.getByRole('region', { name: 'What the server holds' }),
  }
}

/** The session cookie as the browser holds it, ready to be sent by hand; throws if there is none. */
export async function sessionCookie(context: BrowserContext): Promise<string> {
  const cookie = (await context.cookies()).find(({ name }) => name === COOKIE_NAME)
  if (!cookie) throw new Error(`The browser holds no ${COOKIE_NAME} cookie.`)
  return `${cookie.name}=${cookie.value}`
}
