import type { ServerResponse } from 'node:http'
import type { H3Event } from 'h3'
import { serializeClearedCookie, serializeCookie } from '../engine/cookie'
import type { CookieOptions } from '../engine/cookie'
import type { CookieWitness } from '../engine/admission'
import type { SessionRequest } from '../engine/session-writer'
import { answerOf } from './answer'
import { arrivalOf, crossOriginRefused, requestProvenance } from './guard'
import { sessionLayer } from './instance'

/**
 * What the browser forgets when a session ends on it: its cache, and pages kept for the Back button (ASVS 14.3.1). Not `storage`, which would take
 * what other tabs keep there, nor `cookies`, which are a whole domain's.
 */
const CLEARED_AT_SIGN_OUT = '"cache"'

/** The browser's request, as far as its session is concerned. */
export class BrowserRequest implements SessionRequest, CookieWitness {
  readonly startedAt: number
  readonly speculative: boolean
  superseded = false
  #answered: Promise<void> | undefined

  constructor(private readonly outer: H3Event) {
    this.startedAt = arrivalOf(outer)
    this.speculative = isSpeculative(outer)
  }

  get label(): string {
    return this.outer.node.req.headers['user-agent'] ?? ''
  }

  /** What a foreign page does is nothing that the visitor did. */
  get countsAsActivity(): boolean {
    return !this.speculative && requestProvenance(this.outer) !== 'foreign'
  }

  get answered(): Promise<void> {
    return this.#answered ??= answerOf(this.outer.node.res)
  }

  assertMayWrite() {
    if (requestProvenance(this.outer) === 'foreign') throw crossOriginRefused()
  }

  setCookie(value: string, maxAge?: number) {
    this.#put(serializeCookie(cookieOptions(), value, maxAge))
  }

  clearCookie() {
    this.#put(serializeClearedCookie(cookieOptions()))
    this.outer.node.res.setHeader('clear-site-data', CLEARED_AT_SIGN_OUT)
  }

  forgedCookie() {
    sessionLayer().forgedCookies.note(this.outer.node.req)
  }

  supersededCookie() {
    this.superseded = true
  }

  #put(line: string) {
    putCookie(this.outer.node.res, cookieOptions().name, line)
  }
}

function cookieOptions(): CookieOptions {
  const { cookieName, crossSite } = sessionLayer().engine.config
  return { name: cookieName, crossSite }
}

/** Sets one cookie of this name, whatever was set before in this request. */
function putCookie(response: ServerResponse, name: string, header: string) {
  if (response.headersSent) {
    throw new Error('[session] The response had already begun, so the browser could not be given its session cookie. Write to the session before sending.')
  }
  const others = [response.getHeader('set-cookie') ?? []].flat().filter(line => !String(line).startsWith(`${name}=`))
  response.setHeader('set-cookie', [...others.map(String), header])
}

/** A prefetch, HEAD and OPTIONS are no sign of a person. */
function isSpeculative(outer: H3Event): boolean {
  if (outer.method === 'HEAD' || outer.method === 'OPTIONS') return true
  const { headers } = outer.node.req // h3's getRequestHeader would copy all of them for each that is asked for.
  const purpose = headers['sec-purpose'] ?? headers.purpose ?? ''
  return purpose.includes('prefetch')
}
