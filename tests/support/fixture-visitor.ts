import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { FIXTURE_ORIGIN } from './fixture-server.ts'
import type { FixtureServer } from './fixture-server.ts'
import { keepCookie, keepTexts } from './leak-search.ts'

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
    const body = json === undefined ? undefined : JSON.stringify(json)
    keepTexts(json)
    // Not by `fetch`, which sends Fetch Metadata of its own.
    const outgoing = request(this.server.url + path, {
      method,
      headers: {
        ...(this.#cookies.size > 0 ? { cookie: this.cookie } : {}),
        ...(method === 'GET' || method === 'HEAD' ? {} : { origin: FIXTURE_ORIGIN }),
        ...(body === undefined ? {} : jsonHeaders(body)),
        ...headers,
      },
    }).end(body)
    const [incoming] = await once(outgoing, 'response') as [IncomingMessage]
    const setCookie = incoming.headers['set-cookie'] ?? []
    setCookie.forEach(line => this.#store(line))
    const content = await text(incoming)
    const status = incoming.statusCode!
    return { status, headers: headersOf(incoming), setCookie, text: content, json: () => JSON.parse(content) }
  }

  #store(line: string) {
    keepCookie(line)
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!
    if (/; Max-Age=0(?:;|$)/i.test(line)) this.#cookies.delete(name!)
    else this.#cookies.set(name!, value!)
  }
}

function jsonHeaders(body: string) {
  return { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
}

function headersOf({ headersDistinct }: IncomingMessage): Headers {
  const entries = Object.entries(headersDistinct).map(([name, values]) => [name, values!.join(', ')])
  return new Headers(entries as [string, string][])
}
