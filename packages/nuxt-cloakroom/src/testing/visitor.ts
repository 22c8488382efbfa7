import { readCookie } from '../runtime/server/http/request-headers'
import type { SessionEngine } from '../runtime/server/sessions/engine'
import { ServerSession, openSession, recordActivity } from '../runtime/server/sessions/session'
import { SignInStart } from '../runtime/server/sessions/sign-in-start'
import type { SessionRequest } from '../runtime/server/sessions/session-state'

/** The data that the races use. */
export interface RaceData {
  count?: number
  ticket?: string
  [name: `key${number}`]: number | undefined
}

/** One browser: holds the session cookie and sends requests with it, without HTTP. */
export class Visitor {
  /** The raw value of the session cookie, if the browser holds one. */
  cookie: string | undefined
  /** How many times a cookie was set or cleared. */
  cookiesSet = 0
  readonly #engine: SessionEngine

  constructor(engine: SessionEngine, cookie?: string) {
    this.#engine = engine
    this.cookie = cookie
  }

  /** A second browser with the same cookie, like an attacker's copy. */
  copy(): Visitor {
    return new Visitor(this.#engine, this.cookie)
  }

  /** The same browser at another server. */
  at(engine: SessionEngine): Visitor {
    return new Visitor(engine, this.cookie)
  }

  /** Starts a request: the session as the cookie proves it now. */
  async begin(): Promise<ServerSession<RaceData>> {
    return new ServerSession<RaceData>(await this.#open())
  }

  /** Sends a request. */
  async request<Result>(handler: (session: ServerSession<RaceData>) => Promise<Result> | Result): Promise<Result> {
    return handler(await this.begin())
  }

  /** Sends a request that counts as activity. */
  async touch(): Promise<void> {
    await recordActivity(await this.#open())
  }

  /** Whether the cookie still opens a session. */
  async isKnown(): Promise<boolean> {
    return this.request(session => session.exists)
  }

  async #open() {
    const { config, authenticator, clock } = this.#engine
    const header = this.cookie && `${config.cookieName}=${this.cookie}`
    const authentication = await authenticator.authenticate(readCookie(header, config.cookieName))
    const request: SessionRequest = {
      label: 'race',
      signInStart: new SignInStart(clock()),
      isSpeculative: false,
      isForeign: false,
      isInternal: false,
      responseSent: Promise.resolve(),
    }
    const set = (value: string | undefined) => {
      this.cookie = value
      this.cookiesSet++
    }
    const cookieWriter = { set, clear: () => set(undefined), withdraw: () => {} }
    return openSession(this.#engine, request, cookieWriter, authentication)
  }
}
