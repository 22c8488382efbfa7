import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { CookieReading } from '../sessions/authentication'
import type { ProxyKnowledge } from './host-origin'
import { HostOrigin } from './host-origin'

/** What a request's headers say about its sender. Browsers set them; pages cannot change them. */
export interface OriginHeaders {
  readonly method: string
  readonly origin: string | undefined
  readonly referer: string | undefined
  readonly secFetchSite: string | undefined
  readonly secFetchMode: string | undefined
  readonly secFetchDest: string | undefined
  /** Whether it came with the session cookie, which browsers attach automatically. */
  readonly hasSessionCookie: boolean
  /** Whether it has an `Authorization: Bearer` header, which no page of another origin can add without a preflight. */
  readonly hasBearerToken: boolean
}

export interface KnownOrigins {
  /** Where this app is reached: from configuration or the TLS listener; without either, see `HostOrigin`. */
  readonly own: Pick<ReadonlySet<string>, 'has'>
  /** Other origins that may call with credentials; empty in the default, single-origin mode. */
  readonly allowed: ReadonlySet<string>
  /**
   * Every origin at which this request can have reached the app. A browser that says `same-origin` and names another
   * one contradicts itself.
   */
  readonly reachable?: Pick<ReadonlySet<string>, 'has'>
}

/**
 * - `own`: a page of this origin, a typed, bookmarked or followed address, or a program that is not a browser
 * - `allowed`: a page of another origin that is on the allowlist
 * - `foreign`: a page of another origin; it must not create, change or touch a session
 */
export type RequestOrigin = 'own' | 'allowed' | 'foreign'

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])
const ABSENT: CookieReading = { kind: 'absent' }
const DUPLICATE: CookieReading = { kind: 'duplicate' }
/** `Basic` does not count: a browser sends it automatically once the user has entered a password. */
const BEARER = /^bearer /i
const COOKIE = 'cookie'
const SPACE = 0x20
const TAB = 0x09

/**
 * Finds a cookie in a raw `Cookie` header by the exact bytes of its name (RFC 6265 section 5.4 as servers see it).
 *
 * A parser that trims or decodes names lets a sibling host plant a look-alike; one that takes the first of two lets the
 * planted one win. Here only spaces and tabs around a pair are ignored, nothing is decoded, and two different values
 * are reported as `duplicate`.
 */
export function readCookie(header: string | undefined, name: string): CookieReading {
  if (!header || !header.includes(name)) return ABSENT
  let value: string | undefined
  for (const part of header.split(';')) {
    const pair = trimBlanks(part)
    if (!pair.startsWith(name) || pair[name.length] !== '=') continue
    const found = pair.slice(name.length + 1)
    if (value !== undefined && value !== found) return DUPLICATE
    value = found
  }
  return value === undefined ? ABSENT : { kind: 'present', value }
}

/**
 * Reads the session cookie of a request, and removes it from the request's headers: what runs later, for example a
 * proxy to another server, does not get it. The other cookies stay.
 */
export function takeCookie(
  { headers, rawHeaders }: Pick<IncomingMessage, 'headers' | 'rawHeaders'>,
  name: string,
): CookieReading {
  const header = headers.cookie
  const reading = readCookie(header, name)
  if (reading.kind === 'absent') return reading
  const rest = header!.includes(';') ? otherCookies(header!, name) : ''
  if (rest) headers.cookie = rest
  else Reflect.deleteProperty(headers, 'cookie') // A header that is `undefined` breaks the clients that forward it.
  replaceRaw(rawHeaders, rest)
  return reading
}

function otherCookies(header: string, name: string): string {
  const others = header.split(';').filter(pair => readCookie(pair, name).kind === 'absent')
  return others.map(pair => pair.trim()).join('; ')
}

export function isSafeMethod(method: string): boolean {
  return SAFE_METHODS.has(method)
}

/** Whether no user has seen the response yet: a prefetch, HEAD or OPTIONS. */
export function isSpeculative(method: string, headers: IncomingHttpHeaders): boolean {
  if (method === 'HEAD' || method === 'OPTIONS') return true
  const purpose = headers['sec-purpose'] ?? headers.purpose ?? ''
  return purpose.includes('prefetch')
}

/**
 * Whether this is a form that a page of another site has submitted at the top level, for example the response of an
 * identity provider. Browsers without Fetch Metadata do not say where a request leads, so each `POST` counts.
 */
export function isCrossSiteForm(method: string, headers: IncomingHttpHeaders): boolean {
  if (method !== 'POST') return false
  if (headers['sec-fetch-site'] === undefined) return true
  return headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
}

export function originHeadersOf(
  method: string,
  headers: IncomingHttpHeaders,
  hasSessionCookie: boolean,
): OriginHeaders {
  return {
    method,
    origin: headers.origin,
    referer: headers.referer,
    secFetchSite: headers['sec-fetch-site'] as string | undefined,
    secFetchMode: headers['sec-fetch-mode'] as string | undefined,
    secFetchDest: headers['sec-fetch-dest'] as string | undefined,
    hasSessionCookie,
    hasBearerToken: BEARER.test(headers.authorization ?? ''),
  }
}

/** What is known of the app's origins for one request. Without configured ones the Host header decides. */
export function originsFor(
  request: Pick<IncomingMessage, 'headers' | 'socket'>,
  { own, allowed }: KnownOrigins & { readonly own: ReadonlySet<string> },
  proxies: ProxyKnowledge,
): KnownOrigins {
  const host = () => new HostOrigin(request, proxies)
  const reachable = { has: (origin: string) => own.has(origin) || host().mayBe(origin, own.size > 0) }
  return { own: own.size > 0 ? own : { has: origin => host().has(origin) }, allowed, reachable }
}

/**
 * Determines where a request comes from: CSRF protection without tokens, by Fetch Metadata and, if a browser does not
 * send it, by Origin and Referer (OWASP CSRF cheat sheet; ASVS 3.5.1).
 *
 * If in doubt, an unsafe method is `foreign`. `Sec-Fetch-Site: none` on an unsafe method is `foreign` unless `Origin`
 * is this app's own: no address bar sends a POST. A request with none of these headers is a program such as curl.
 * Without the session cookie, or with a bearer token, there is nothing to abuse. No browser sends headers that
 * contradict each other: they are `foreign`.
 */
export function classifyOrigin(request: OriginHeaders, known: KnownOrigins): RequestOrigin {
  if (request.origin !== undefined && known.allowed.has(request.origin)) return 'allowed'
  if (isContradiction(request, known)) return 'foreign'
  return isSafeMethod(request.method) ? classifySafe(request, known) : classifyUnsafe(request, known)
}

/** `null` is the origin of a page that hides it, also from its own server. */
function isContradiction({ origin, referer, secFetchSite }: OriginHeaders, { reachable }: KnownOrigins): boolean {
  if (secFetchSite !== 'same-origin' && secFetchSite !== 'none') return false
  const named = origin ?? (secFetchSite === 'same-origin' && referer ? originOf(referer) : undefined)
  return named !== undefined && named !== 'null' && reachable?.has(named) === false
}

function classifySafe(request: OriginHeaders, { own }: KnownOrigins): RequestOrigin {
  const { origin, secFetchSite, secFetchMode, secFetchDest } = request
  if (secFetchSite === 'same-origin' || secFetchSite === 'none') return 'own'
  // A frame, an object or an embed navigates too, but no user has followed it there.
  if (secFetchSite !== undefined) return secFetchMode === 'navigate' && secFetchDest === 'document' ? 'own' : 'foreign'
  return origin === undefined || own.has(origin) ? 'own' : 'foreign'
}

function classifyUnsafe(request: OriginHeaders, { own }: KnownOrigins): RequestOrigin {
  const { origin, referer, secFetchSite, hasSessionCookie, hasBearerToken } = request
  const isOwnOrigin = origin !== undefined && own.has(origin)
  if (secFetchSite === 'same-origin') return 'own'
  if (secFetchSite !== undefined) return secFetchSite === 'none' && isOwnOrigin ? 'own' : 'foreign'
  if (origin !== undefined) return isOwnOrigin ? 'own' : 'foreign'
  if (referer !== undefined) return own.has(originOf(referer)) ? 'own' : 'foreign'
  return hasSessionCookie && !hasBearerToken ? 'foreign' : 'own'
}

/**
 * Node keeps the headers a second time, as they came: a name and its value in turn, and one name several times. Their
 * number must stay, because Node has counted them for `headersDistinct`, so the value becomes empty.
 */
function replaceRaw(rawHeaders: string[], rest: string) {
  let value = rest
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    if (name.length !== COOKIE.length || name.toLowerCase() !== COOKIE) continue
    rawHeaders[i + 1] = value
    value = ''
  }
}

function originOf(referer: string): string {
  return URL.canParse(referer) ? new URL(referer).origin : 'null'
}

function trimBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB
}
