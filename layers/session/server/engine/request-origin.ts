/** What a request says of where it comes from. Browsers set these headers; pages cannot change them. */
export interface RequestProvenance {
  readonly method: string
  readonly origin: string | undefined
  readonly referer: string | undefined
  readonly secFetchSite: string | undefined
  readonly secFetchMode: string | undefined
  readonly secFetchDest: string | undefined
  readonly hasCookie: boolean
}

export interface KnownOrigins {
  /** Where this app itself is reached. From configuration or the TLS listener, never from a header. */
  readonly own: ReadonlySet<string>
  /** Other origins that may call with credentials; empty in the default, single-origin mode. */
  readonly allowed: ReadonlySet<string>
}

/**
 * - `own`: from this origin, or typed, bookmarked, followed as a link, or from a program that is no browser
 * - `allowed`: from another origin that is listed
 * - `foreign`: from a page of another origin; it must neither create, change nor touch a session
 */
export type Provenance = 'own' | 'allowed' | 'foreign'

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

export function isSafeMethod(method: string): boolean {
  return SAFE_METHODS.has(method)
}

/**
 * Tells where a request comes from: CSRF defence without tokens, by Fetch Metadata and, where a browser does not send it,
 * by Origin and Referer (OWASP CSRF cheat sheet; ASVS 3.5.1).
 *
 * In doubt an unsafe method is `foreign`. `Sec-Fetch-Site: none` on an unsafe method is refused unless `Origin` is our
 * own: no address bar sends a POST. A request with none of the headers and no cookie has nothing to abuse: it is a
 * program such as curl.
 */
export function provenanceOf(request: RequestProvenance, known: KnownOrigins): Provenance {
  if (request.origin !== undefined && known.allowed.has(request.origin)) return 'allowed'
  return isSafeMethod(request.method) ? ofSafe(request, known) : ofUnsafe(request, known)
}

function ofSafe({ origin, secFetchSite, secFetchMode, secFetchDest }: RequestProvenance, { own }: KnownOrigins): Provenance {
  if (secFetchSite === 'same-origin' || secFetchSite === 'none') return 'own'
  // A frame, an object or an embed navigates too, and no visitor has followed it there.
  if (secFetchSite !== undefined) return secFetchMode === 'navigate' && secFetchDest === 'document' ? 'own' : 'foreign'
  return origin === undefined || own.has(origin) ? 'own' : 'foreign'
}

function ofUnsafe({ origin, referer, secFetchSite, hasCookie }: RequestProvenance, { own }: KnownOrigins): Provenance {
  const ownOrigin = origin !== undefined && own.has(origin)
  if (secFetchSite === 'same-origin') return 'own'
  if (secFetchSite !== undefined) return secFetchSite === 'none' && ownOrigin ? 'own' : 'foreign'
  if (origin !== undefined) return ownOrigin ? 'own' : 'foreign'
  if (referer !== undefined) return own.has(originOf(referer)) ? 'own' : 'foreign'
  return hasCookie ? 'foreign' : 'own'
}

function originOf(referer: string): string {
  return URL.canParse(referer) ? new URL(referer).origin : 'null'
}
