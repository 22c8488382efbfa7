import { readCookie } from '../../packages/nuxt-cloakroom/src/runtime/server/http/request-headers'
import { parseConfig } from '../../packages/nuxt-cloakroom/src/runtime/server/nitro/settings'
import type { AuthenticatedSession } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/authentication'
import { SessionEngine } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/engine'
import { SignInStart } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/sign-in-start'
import type { SessionEvent } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/events'
import { generateKey, parseKeyRing } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring'
import type { KeyRing } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring'
import type { SessionValues } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/record'
import {
  ServerSession,
  openSession,
  recordActivity,
} from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/session'
import type {
  CookieWriter,
  SessionRequest,
  SessionState,
} from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/session-state'
import type { AtomicDriver } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { memoryDriver } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/memory'

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** A clock that only the test advances. */
export interface TestTime {
  now: number
  advance(milliseconds: number): void
}

export function testTime(now = Date.UTC(2026, 0, 1)): TestTime {
  return {
    now,
    advance(milliseconds) {
      this.now += milliseconds
    },
  }
}

export interface TestEngineOptions {
  driver?: AtomicDriver
  ring?: KeyRing
  time?: TestTime
  /** Fields of `runtimeConfig.cloakroom`. */
  config?: Record<string, string>
}

/** An engine whose clock, store and events the test controls. */
export function createTestEngine(options: TestEngineOptions = {}) {
  const { driver = memoryDriver(), ring = newRing(), time = testTime(), config = {} } = options
  const events: SessionEvent[] = []
  const engine = new SessionEngine({ driver, ring, config: parseConfig(config), clock: () => time.now })
  engine.events.subscribe(event => events.push(event))
  return {
    engine,
    driver,
    time,
    events,
    /** A browser without cookies. */
    browser: () => new TestBrowser(engine),
    typesOfEvents: () => events.map(({ type }) => type).filter(type => type !== 'sessions_changed'),
    rows: async () => (await driver.getKeys('', {})).length,
  }
}

export type TestEngine = ReturnType<typeof createTestEngine>

export function newRing(...keys: string[]): KeyRing {
  return parseKeyRing(keys.length > 0 ? keys.join(',') : generateKey())
}

/** Authenticates a raw `Cookie` header. */
export async function authenticate(engine: SessionEngine, header: string | undefined) {
  return engine.authenticator.authenticate(readCookie(header, engine.config.cookieName))
}

/** The session that a raw `Cookie` header opens, or `null`. */
export async function load(engine: SessionEngine, header: string | undefined): Promise<AuthenticatedSession | null> {
  return (await authenticate(engine, header)).session
}

export interface SentCookie {
  readonly value: string
  readonly maxAge: number | undefined
}

/** The request and response of a session, without HTTP: collects the cookies that the browser would receive. */
export class TestRequest implements SessionRequest, CookieWriter {
  readonly label: string = 'Test browser'
  readonly sent: SentCookie[] = []
  readonly responseSent: Promise<void> = Promise.resolve()
  cleared = 0
  withdrawn = 0
  /** A page of another origin sent this request. */
  isForeign = false
  isInternal = false
  /** A prefetch, HEAD or OPTIONS. */
  isSpeculative = false
  readonly signInStart: SignInStart
  readonly #browser: TestBrowser

  constructor(browser: TestBrowser, startedAt: number) {
    this.#browser = browser
    this.signInStart = new SignInStart(startedAt)
  }

  /** Whether the cookie that was sent last is outdated when the response begins. */
  isOutdated = () => false

  set(value: string, maxAge: number | undefined, isOutdated: () => boolean) {
    this.sent.push({ value, maxAge })
    this.isOutdated = isOutdated
    this.#browser.cookie = value
  }

  clear() {
    this.cleared++
    this.#browser.cookie = undefined
  }

  withdraw() {
    this.withdrawn++
  }
}

/** One request, with the session as the server sees it. */
export interface Visit<Data extends object = SessionValues> {
  readonly request: TestRequest
  readonly session: ServerSession<Data>
  readonly state: SessionState
}

/** Opens the session of a request with this `Cookie` header. */
export async function openVisit<Data extends object = SessionValues>(
  engine: SessionEngine,
  request: TestRequest,
  header: string | undefined,
): Promise<Visit<Data>> {
  const state = openSession(engine, request, request, await authenticate(engine, header))
  return { request, state, session: new ServerSession<Data>(state) }
}

/** Stores one session cookie, like a browser. */
export class TestBrowser {
  cookie: string | undefined
  readonly #engine: SessionEngine

  constructor(engine: SessionEngine) {
    this.#engine = engine
  }

  /** The raw `Cookie` header that it would send. */
  get header(): string | undefined {
    return this.cookie === undefined ? undefined : `${this.#engine.config.cookieName}=${this.cookie}`
  }

  /** A browser with a copy of this one's cookie: an attacker's, or a request that is still under way. */
  copy(): TestBrowser {
    const copy = new TestBrowser(this.#engine)
    copy.cookie = this.cookie
    return copy
  }

  /** Sends a request. It does not count as activity until `recordActivity(state)`. */
  async visit<Data extends object = SessionValues>(): Promise<Visit<Data>> {
    const request = new TestRequest(this, this.#engine.clock())
    return openVisit<Data>(this.#engine, request, this.header)
  }

  /** Sends a request that counts as activity, like any page view. */
  async browse<Data extends object = SessionValues>(): Promise<Visit<Data>> {
    const visit = await this.visit<Data>()
    await recordActivity(visit.state)
    await settled()
    return visit
  }

  /** The data as a new request would find it; `null` without a session. */
  async get(): Promise<SessionValues | null> {
    const { session } = await this.visit()
    return session.exists ? session.data : null
  }
}

/** Waits until everything has run that needs only event loop turns: promises, and writes of the next commit. */
export async function settled(turns = 3) {
  for (let count = 0; count < turns; count++) await new Promise(resolve => setImmediate(resolve))
}

/** A cookie header for the default cookie name. */
export function cookieOf(value: string): string {
  return `__Host-session=${value}`
}
