import { memoryDriver } from '../../layers/session/server/drivers/memory'
import type { CookieWitness } from '../../layers/session/server/engine/admission'
import { parseConfig } from '../../layers/session/server/engine/config'
import { SessionEngine } from '../../layers/session/server/engine/engine'
import type { SessionEvent } from '../../layers/session/server/engine/events'
import { generateKey, parseKeyRing } from '../../layers/session/server/engine/key-ring'
import type { KeyRing } from '../../layers/session/server/engine/key-ring'
import type { SessionValues } from '../../layers/session/server/engine/record'
import { ServerSession } from '../../layers/session/server/engine/session'
import type { SessionRequest } from '../../layers/session/server/engine/session-writer'
import type { AtomicDriver } from '../../layers/session/server/engine/store'

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** Time that stands still until a test moves it. */
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

export interface BenchOptions {
  driver?: AtomicDriver
  ring?: KeyRing
  time?: TestTime
  /** Fields of `runtimeConfig.session`. */
  config?: Record<string, string>
}

/** An engine with a clock, a store and an event log that the test holds in its hands. */
export function makeBench({ driver = memoryDriver(), ring = newRing(), time = testTime(), config = {} }: BenchOptions = {}) {
  const events: SessionEvent[] = []
  const engine = new SessionEngine({
    driver,
    ring,
    config: parseConfig(config),
    clock: () => time.now,
    emit: event => void events.push(event),
  })
  return {
    engine,
    driver,
    time,
    events,
    /** A browser with an empty jar. */
    browser: () => new TestBrowser(engine),
    typesOfEvents: () => events.map(({ type }) => type),
    rows: async () => (await driver.getKeys('', {})).length,
  }
}

export type Bench = ReturnType<typeof makeBench>

export function newRing(...keys: string[]): KeyRing {
  return parseKeyRing(keys.length > 0 ? keys.join(',') : generateKey())
}

export interface SentCookie {
  readonly value: string
  readonly maxAge: number | undefined
}

/** The request side of a session, without HTTP: collects what the browser would be sent. */
export class TestRequest implements SessionRequest, CookieWitness {
  readonly label: string = 'Test browser'
  readonly sent: SentCookie[] = []
  readonly answered = Promise.resolve()
  cleared = 0
  /** A page of another origin made this request. */
  foreign = false
  /** A prefetch, HEAD or OPTIONS. */
  speculative = false
  superseded = false

  constructor(private readonly browser: TestBrowser, readonly startedAt: number) {}

  assertMayWrite() {
    if (this.foreign) throw new Error('foreign')
  }

  setCookie(value: string, maxAge?: number) {
    this.sent.push({ value, maxAge })
    this.browser.cookie = value
  }

  clearCookie() {
    this.cleared++
    this.browser.cookie = undefined
  }

  forgedCookie() {}

  supersededCookie() {
    this.superseded = true
  }
}

/** One request, with the session as the server sees it. */
export interface Visit<Data extends object = SessionValues> {
  readonly request: TestRequest
  readonly session: ServerSession<Data>
}

/** Keeps one session cookie, as a browser does. */
export class TestBrowser {
  cookie: string | undefined

  constructor(private readonly engine: SessionEngine) {}

  /** The raw `Cookie` header that it would send. */
  get header(): string | undefined {
    return this.cookie === undefined ? undefined : `${this.engine.config.cookieName}=${this.cookie}`
  }

  /** A browser that holds a copy of this one's cookie: a thief, or a request still under way. */
  copy(): TestBrowser {
    const copy = new TestBrowser(this.engine)
    copy.cookie = this.cookie
    return copy
  }

  /** Begins a request. Does not count as activity until `session.recordActivity()`. */
  async visit<Data extends object = SessionValues>(): Promise<Visit<Data>> {
    const request = new TestRequest(this, this.engine.clock())
    const admitted = await this.engine.load(this.header, request)
    return { request, session: new ServerSession<Data>(this.engine, request, admitted) }
  }

  /** A request that counts as activity, as any page view does. */
  async browse<Data extends object = SessionValues>(): Promise<Visit<Data>> {
    const visit = await this.visit<Data>()
    await visit.session.recordActivity()
    await settled()
    return visit
  }

  /** The data as a new request would find it; `null` without a session. */
  async peek(): Promise<SessionValues | null> {
    const { session } = await this.visit()
    return session.exists ? session.data : null
  }
}

/** Lets everything run that waits for nothing but its turn: promises, and writes of the next commit. */
export async function settled(turns = 3) {
  for (let turn = 0; turn < turns; turn++) await new Promise(resolve => setImmediate(resolve))
}

/** A cookie header for the default cookie name. */
export function cookieOf(value: string): string {
  return `__Host-session=${value}`
}
