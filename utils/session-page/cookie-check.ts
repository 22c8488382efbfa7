/** What a script on this page can read of the session cookie. */
export interface ScriptView {
  /** `document.cookie`. */
  raw: string
  /** Whether it contains the session cookie, which means that `HttpOnly` is missing. */
  readable: boolean
}

/** Cookie names are case-sensitive: `__Host-Session` and `__Host-session` are two cookies. */
export function scriptView(raw: string, cookieName: string): ScriptView {
  const names = raw.split(';').map(pair => pair.split('=', 1)[0]?.trim())
  return { raw, readable: names.includes(cookieName) }
}

const MEANINGS: Record<string, string> = {
  'path': 'for every path of this host',
  'secure': 'travels over HTTPS only',
  'httponly': 'no script can read it',
  'samesite=lax': 'stays home on cross-site posts',
  'samesite=strict': 'stays home on anything cross-site',
  'samesite=none': 'goes along on cross-site calls',
  'max-age': 'seconds the browser keeps it',
  'expires': 'when the browser drops it',
  'partitioned': 'kept apart for each embedding site',
}

/** A few words about a `Set-Cookie` attribute; empty for an unknown one. */
export function meaningOf(attribute: string): string {
  const whole = attribute.toLowerCase()
  const name = whole.split('=', 1)[0] ?? ''
  return MEANINGS[whole] ?? MEANINGS[name] ?? ''
}
