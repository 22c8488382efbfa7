import { FIXTURE_ORIGIN } from './fixture-server.ts'
import type { FixtureServer } from './fixture-server.ts'

/** A response of the fixture app, read to its end. */
export interface FixtureResponse {
  readonly status: number
  readonly headers: Headers
  /** Each `Set-Cookie` line. */
  readonly setCookie: readonly string[]
  readonly text: string
  /** The body as JSON. */
  json<Body>(): Body
}

export interface VisitOptions {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly json?: unknown
}

/**
 * A browser of the fixture app, as far as cookies go. Follows no redirects. An unsafe method is sent with the `Origin`
 * of a page of the app.
 */
export class FixtureVisitor {
  readonly #cookies = new Map<string, string>()

  constructor(private readonly server: FixtureServer) {}

  /** The `Cookie` header. */
  get cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** A second browser with the same cookies. */
  copy(): FixtureVisitor {
    const copy = new FixtureVisitor(this.server)
    for (const [name, value] of this.#cookies) copy.#cookies.set(name, value)
    return copy
  }

  get(path: string, headers: Record<string, string> = {}): Promise<FixtureResponse> {
    return this.visit(path, { headers })
  }

  post(path: string, json?: unknown): Promise<FixtureResponse> {
    return this.visit(path, { method: 'POST', json })
  }

  async visit(path: string, { method = 'GET', headers = {}, json }: VisitOptions): Promise<FixtureResponse> {
    const response = await fetch(this.server.url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(this.#cookies.size > 0 ? { cookie: this.cookie } : {}),
        ...(method === 'GET' || method === 'HEAD' ? {} : { origin: FIXTURE_ORIGIN }),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: json === undefined ? undefined : JSON.stringify(json),
    })
    const setCookie = response.headers.getSetCookie()
    setCookie.forEach(line => this.#store(line))
    const text = await response.text()
    return { status: response.status, headers: response.headers, setCookie, text, json: () => JSON.parse(text) }
  }

  #store(line: string) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!
    if (/; Max-Age=0(?:;|$)/i.test(line)) this.#cookies.delete(name!)
    else this.#cookies.set(name!, value!)
  }
}
