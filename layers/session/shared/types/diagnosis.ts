/** What became of the session cookie on its way into the server: the first of these that holds. */
export type CookieOutcome
  = 'absent' | 'duplicate' | 'over_4096' | 'not_a_ticket' | 'unknown_key' | 'broken_seal' | 'store_unavailable' | 'alive'
    | 'expired_idle' | 'expired_absolute' | 'expired' | 'signed_out' | 'revoked' | 'evicted' | 'secret_reuse'
    | 'no_record' | 'corrupt_record' | 'superseded' | 'old_secret'

/** Where the fault is, if no cookie came: what the request tells by itself. */
export type CircumstanceCode = 'plain_http' | 'wrong_host' | 'origin_not_listed' | 'cross_site_lax' | 'third_party_blocked' | 'cross_origin' | 'clock_off' | 'no_cookie'

/** What only the page in the browser can find out. */
export type PageCode = 'unreachable' | 'switched_off' | 'not_kept' | 'credentials_left_out' | 'holds_none'

export type FindingCode = Exclude<CookieOutcome, 'absent'> | CircumstanceCode | PageCode

/** One cause: what is wrong in one sentence, and what to do in another. Codes are stable, sentences are not. */
export interface Finding {
  code: FindingCode
  because: string
  remedy: string
}

/** What a request said of where it comes from, and how it came. */
export interface RequestFacts {
  /** `unknown`: TLS ends at a proxy, and none that is trusted says how the request reached it. */
  scheme: 'https' | 'http' | 'unknown'
  /** The `Host` header. */
  host: string | null
  /** The `Origin` header: who called, if it was a page of another origin. */
  origin: string | null
  /** Whether that origin is this server's own, on the allowlist, or neither; `null` without an origin. */
  originIs: 'own' | 'listed' | 'foreign' | null
  /** `Sec-Fetch-Site`; `null` from programs, and over plain HTTP. */
  site: string | null
  /** `Sec-Fetch-Dest`; `document`: somebody opened this address in a tab. */
  dest: string | null
  /** `Sec-Fetch-Storage-Access`, by which Chromium tells whether cookies of third parties are let through; `null` if it said nothing. */
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
  /** Bytes of name and value together; `null` where none came, or two did. */
  bytes: number | null
  /** When the session ended, milliseconds since the epoch on the server's clock; `null` unless it is known to have ended. */
  endedAt: number | null
}

/** What this server knows of itself, and a caller may know. */
export interface ServerFacts {
  /** The server's clock, milliseconds since the epoch. */
  now: number
  /** Where the server is reached. */
  origins: string[]
  crossSite: boolean
  /** Host names under which a session cookie was given out since the server started; the last few. */
  givenAt: string[]
}

export interface DiagnosisFacts {
  request: RequestFacts
  cookie: CookieFacts
  server: ServerFacts
  /** The caller's clock (`?now=`) less the server's, in milliseconds; `null` if the caller did not say. */
  clockAheadMs: number | null
}

/** The answer of `GET /api/_session/diagnose`. */
export interface Diagnosis extends DiagnosisFacts {
  finding: Finding
  /** What is odd besides, though it need not be the reason. */
  also: Finding[]
}
