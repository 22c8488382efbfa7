import type { SessionEngine } from '../server/engine/engine'
import { ServerSession } from '../server/engine/session'

/** The data that the races play with. */
export interface RaceData {
  count?: number
  ticket?: string
  [name: `key${number}`]: number | undefined
}

/** One browser: holds the session cookie and makes requests with it, without HTTP. */
export class Visitor {
  /** The raw value of the session cookie, if the browser holds one. */
  cookie: string | undefined
  /** How many times a cookie was set or cleared. */
  cookiesSet = 0

  constructor(private readonly engine: SessionEngine, cookie?: string) {
    this.cookie = cookie
  }

  /** A second browser with the same cookie: a copy, as an attacker or a replay would have it. */
  copy(): Visitor {
    return new Visitor(this.engine, this.cookie)
  }

  /** The same browser at another server. */
  at(engine: SessionEngine): Visitor {
    return new Visitor(engine, this.cookie)
  }

  /** Begins a request: the session as the cookie proves it now. */
  async begin(): Promise<ServerSession<RaceData>> {
    const { config, clock } = this.engine
    let superseded = false
    const witness = { forgedCookie: () => {}, supersededCookie: () => superseded = true }
    const admitted = await this.engine.load(this.cookie && `${config.cookieName}=${this.cookie}`, witness)
    const keep = (value: string | undefined) => {
      this.cookie = value
      this.cookiesSet++
    }
    return new ServerSession<RaceData>(this.engine, {
      label: 'race',
      startedAt: clock(),
      speculative: false,
      superseded,
      answered: Promise.resolve(),
      assertMayWrite: () => {},
      setCookie: keep,
      clearCookie: () => keep(undefined),
    }, admitted)
  }

  /** A whole request. */
  async request<Result>(handle: (session: ServerSession<RaceData>) => Promise<Result> | Result): Promise<Result> {
    return handle(await this.begin())
  }

  /** Whether the cookie still opens a session. */
  async isKnown(): Promise<boolean> {
    return this.request(session => session.exists)
  }
}
