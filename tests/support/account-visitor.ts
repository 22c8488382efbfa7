import { call, cookiePair } from './https.ts'
import type { CallOptions, CallResponse } from './https.ts'
import type { BuiltServer } from './server.ts'

/** Settings with which the server takes each visitor's address from `X-Forwarded-For`. */
export const TRUST_PROXY = { NUXT_CLOAKROOM_TRUSTED_PROXIES: '127.0.0.1,::1' }

let addresses = 0

/** An address that no other visitor has. */
export function newAddress(): string {
  addresses++
  return `192.0.${addresses >> 8}.${addresses & 255}`
}

/** A browser that calls the account routes of the built server, and stores its session cookie. */
export class AccountVisitor {
  cookie: string | undefined

  constructor(private readonly server: Pick<BuiltServer, 'origin'>, private readonly address = newAddress()) {}

  async send(
    method: string,
    path: string,
    json?: unknown,
    options: CallOptions = {},
  ): Promise<CallResponse & { json: () => Json }> {
    const headers = { 'accept': 'application/json', 'x-forwarded-for': this.address, ...options.headers }
    const url = `${this.server.origin}/api/account${path}`
    const response = await call(url, { ...options, method, json, cookie: this.cookie, headers })
    for (const line of response.setCookie) this.cookie = /; Max-Age=0/.test(line) ? undefined : cookiePair(line)
    return { ...response, json: () => JSON.parse(response.body) as Json }
  }

  register(name: string, password: string, rest: object = {}) {
    return this.send('POST', '/register', { name, password, ...rest })
  }

  signIn(name: string, password: string, rest: object = {}) {
    return this.send('POST', '/sign-in', { name, password, ...rest })
  }
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each test checks the fields that it reads
type Json = any
