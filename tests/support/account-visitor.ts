import { call, cookiePair } from './https.ts'
import type { Answer, CallOptions } from './https.ts'
import type { BuiltServer } from './server.ts'

/** What the server needs to know, so that each visitor can have an address of its own. */
export const TRUSTING = { NUXT_SESSION_TRUSTED_PROXIES: '127.0.0.1,::1' }

let addresses = 0

/** An address that no visitor has had. */
export function newAddress(): string {
  addresses++
  return `192.0.${addresses >> 8}.${addresses & 255}`
}

/** A browser that calls the account's routes of the built server, and keeps its session cookie. */
export class AccountVisitor {
  cookie: string | undefined

  constructor(private readonly server: Pick<BuiltServer, 'origin'>, private readonly address = newAddress()) {}

  async send(method: string, path: string, json?: unknown, options: CallOptions = {}): Promise<Answer & { json: () => Json }> {
    const headers = { 'accept': 'application/json', 'x-forwarded-for': this.address, ...options.headers }
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
