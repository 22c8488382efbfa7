/** What the server made of the session cookie: the first of these that applies. */
export type CookieOutcome
  = 'absent' | 'duplicate' | 'over_4096' | 'not_sealed' | 'unknown_key' | 'broken_seal' | 'store_unavailable' | 'active'
    | 'expired_idle' | 'expired_absolute' | 'expired' | 'signed_out' | 'revoked' | 'evicted' | 'secret_reuse'
    | 'no_record' | 'corrupt_record' | 'superseded' | 'old_secret'

/** What the request itself shows if no cookie came. */
export type CircumstanceCode
  = 'plain_http' | 'wrong_host' | 'origin_not_listed' | 'cross_site_lax' | 'third_party_blocked' | 'cross_origin'
    | 'clock_off' | 'no_cookie'

/** What only the page in the browser can find out. */
export type PageCode = 'unreachable' | 'disabled' | 'cookie_rejected' | 'credentials_omitted' | 'cookie_missing'

export type FindingCode = Exclude<CookieOutcome, 'absent'> | CircumstanceCode | PageCode

/** One cause: what is wrong in one sentence, and what to do in another. Codes are stable, sentences are not. */
export interface Finding {
  code: FindingCode
  because: string
  remedy: string
}

/** What a request says about where it comes from and how it arrived. */
export interface RequestFacts {
  /** `unknown`: TLS ends at a proxy, and no trusted proxy says how the request reached it. */
  scheme: 'https' | 'http' | 'unknown'
  /** The `Host` header. */
  host: string | null
  /** The `Origin` header: the calling page, if it is of another origin. */
  origin: string | null
  /** Whether that origin is this server's own, on the allowlist, or neither; `null` without an origin. */
  originIs: 'own' | 'listed' | 'foreign' | null
  /** `Sec-Fetch-Site`; `null` from programs, and over plain HTTP. */
  site: string | null
  /** `Sec-Fetch-Dest`; `document`: a user opened this address in a tab. */
  dest: string | null
  /** `Sec-Fetch-Storage-Access`, by which Chromium says whether third-party cookies are allowed; `null` without it. */
  storageAccess: string | null
  /** How many other cookies came along. */
  otherCookies: number
}

/** The session cookie of a request, as far as its bearer may know: no value, no key, no data. */
export interface CookieFacts {
  name: string
  /** As this server sets it. */
  attributes: string[]
  outcome: CookieOutcome
  /** Bytes of name and value together; `null` if none came, or two did. */
  bytes: number | null
  /** When the session ended, milliseconds since the epoch on the server's clock; `null` unless that is known. */
  endedAt: number | null
}

/** What a caller may know of this server. */
export interface ServerFacts {
  /** The server's clock, milliseconds since the epoch. */
  now: number
  /** Where the server is reached. */
  origins: string[]
  crossSite: boolean
  /** Host names for which a session cookie was set since the server started; the last few. */
  cookieHosts: string[]
}

export interface DiagnosisFacts {
  request: RequestFacts
  cookie: CookieFacts
  server: ServerFacts
  /** The caller's clock (`?now=`) minus the server's, in milliseconds; `null` if the caller did not send it. */
  clockAheadMs: number | null
}

/** The response of `GET /api/_session/diagnose`. */
export interface Diagnosis extends DiagnosisFacts {
  finding: Finding
  /** Other unusual facts, which need not be the cause. */
  also: Finding[]
}

/** What only a page can know. */
export interface PageFacts {
  /** The origin of this page, and that of the server that it called. */
  origin: string
  api: string
  crossOrigin: boolean
  /** The credentials mode of the calls that lack the cookie. */
  credentials: RequestCredentials
  /**
   * `navigator.cookieEnabled`. Chromium reports `true` even if its user has blocked all cookies; see `acceptsCookies`.
   */
  cookieEnabled: boolean
  /** Whether the browser stored a cookie with the same attributes that this page set for its own host. */
  acceptsCookies: boolean
  /** `document.hasStorageAccess()`; `null` in browsers without it. */
  hasStorageAccess: boolean | null
  /** Whether the page is in a frame of another page. */
  embedded: boolean
  /** HTTP status of the server's response; `null` if the browser hid it. */
  status: number | null
  /** Whether the session cookie was sent, by credentials mode; `null` if unknown. */
  cookieSent: { asMade: boolean | null, included: boolean | null, omitted: boolean | null }
  clockAheadMs: number | null
}

/** What the server and the page know together. */
export interface SessionDiagnosis {
  finding: Finding
  also: Finding[]
  page: PageFacts
  /** The server's response to a call like the page's or, if that lacked the cookie, to one with credentials. */
  server: Diagnosis | null
}
