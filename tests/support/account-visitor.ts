import { call, cookiePair } from './https.ts'
import type { Answer, CallOptions } from './https.ts'
import type { BuiltServer } from './server.ts'

/** A browser that calls the account's routes of the built server, and keeps its session cookie. */
export class AccountVisitor {
  cookie: string | undefined

  constructor(private readonly server: Pick<BuiltServer, 'origin'>, private readonly headers: Record<string, string> = {}) {}

  async send(method: string, path: string, json?: unknown, options: CallOptions = {}): Promise<Answer & { json: () => Json }> {
    const headers = { accept: 'application/json', ...this.headers, ...options.headers }
    const answer = await call(`${this.server.origin}/api/account${path}`, { ...options, method, json, cookie: this.cookie, headers })
    for (const line of answer.setCookie) this.cookie = /; Max-Age=0/.test(line) ? undefined : cookiePair(line)
    return { ...answer, json: () => JSON.parse(answer.body) as Json }
  }

  register(name: string, password: string, rest: object = {}) {
    return this.send('POST', '/register', { name, password, ...rest })
  }

  signIn(name: string, password: string, rest: object = {}) {
    return this.send('POST', '/sign-in', { name, password, ...rest })
  }
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test says what it expects
type Json = any
