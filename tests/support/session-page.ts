import type { BrowserContext, Locator, Page } from '@playwright/test'
import { expect } from './fixtures.ts'

/** The app's session cookie. */
export const COOKIE_NAME = '__Host-session'

/** The form of the values that the server issues. */
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** The parts of the page `/`, located by role and name only. */
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

/** Locates the parts of the page `/`. */
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

/** The browser's session cookie as a `Cookie` header. @throws Error if there is none */
export async function sessionCookie(context: BrowserContext): Promise<string> {
  const cookie = (await context.cookies()).find(({ name }) => name === COOKIE_NAME)
  if (!cookie) throw new Error(`The browser holds no ${COOKIE_NAME} cookie.`)
  return `${cookie.name}=${cookie.value}`
}

/** How a page learned about its session. */
export interface SessionTraffic {
  /** The number of its requests `GET /api/_session`. */
  requests: number
  /** The names of the events that its stream received. */
  readonly events: string[]
}

/** Records a page's requests for its session, and its events, from now on. */
export async function recordTraffic(page: Page): Promise<SessionTraffic> {
  const traffic: SessionTraffic = { requests: 0, events: [] }
  page.on('request', (request) => {
    if (new URL(request.url()).pathname === '/api/_session') traffic.requests++
  })
  const protocol = await page.context().newCDPSession(page)
  await protocol.send('Network.enable')
  protocol.on('Network.eventSourceMessageReceived', ({ eventName }) => traffic.events.push(eventName))
  return traffic
}

/** Asserts that one tab of a browser received the `ended` event, and that no tab requested the session. */
export function expectOneEndedEvent(tabs: readonly SessionTraffic[]): void {
  expect(tabs.flatMap(({ events }) => events.filter(name => name === 'ended'))).toEqual(['ended'])
  expect(tabs.map(({ requests }) => requests)).toEqual(tabs.map(() => 0))
}

/** Asserts that a page requested its session, and only after `changed` events. */
export function expectRequestsAfterEvents({ requests, events }: SessionTraffic): void {
  expect(requests).toBeGreaterThan(0)
  expect(requests).toBeLessThanOrEqual(events.filter(name => name === 'changed').length)
}

/** When the session of this browser reaches its idle timeout, in milliseconds since the epoch. */
export async function idleExpiresAt({ request }: BrowserContext): Promise<number> {
  const { session } = await (await request.get('/api/_session')).json() as { session: { idleExpiresAt: number } }
  return session.idleExpiresAt
}
