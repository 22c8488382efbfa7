import type { BrowserContext, Locator, Page } from '@playwright/test'
import { expect } from './fixtures.ts'

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

/** What a page learned of its session, and how. */
export interface SessionTraffic {
  /** Its questions: `GET /api/_session`. */
  questions: number
  /** The names of the events that its stream brought. */
  readonly events: string[]
}

/** Counts a page's questions and events from now on. */
export async function countTraffic(page: Page): Promise<SessionTraffic> {
  const traffic: SessionTraffic = { questions: 0, events: [] }
  page.on('request', request => traffic.questions += Number(new URL(request.url()).pathname === '/api/_session'))
  const protocol = await page.context().newCDPSession(page)
  await protocol.send('Network.enable')
  protocol.on('Network.eventSourceMessageReceived', ({ eventName }) => traffic.events.push(eventName))
  return traffic
}

/** Asserts that the tabs of one browser were told of the end of their session, by one event in one of them, and that none of them asked. */
export function expectToldOfEnd(tabs: readonly SessionTraffic[]): void {
  expect(tabs.flatMap(({ events }) => events.filter(name => name === 'ended'))).toEqual(['ended'])
  expect(tabs.map(({ questions }) => questions)).toEqual(tabs.map(() => 0))
}

/** Asserts that a page asked only because an event told it to. */
export function expectAskedWhenTold({ questions, events }: SessionTraffic): void {
  expect(questions).toBeGreaterThan(0)
  expect(questions).toBeLessThanOrEqual(events.filter(name => name === 'changed').length)
}

/** When the session of this browser ends if it stays idle, in milliseconds since the epoch. */
export async function idleEnd({ request }: BrowserContext): Promise<number> {
  const { session } = await (await request.get('/api/_session')).json() as { session: { idleExpiresAt: number } }
  return session.idleExpiresAt
}
