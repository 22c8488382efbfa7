/** What a script on this page gets to see of the session cookie. */
export interface ScriptView {
  /** `document.cookie`, as it came. */
  raw: string
  /** The session cookie is in it: `HttpOnly` is missing. */
  readable: boolean
}

/** Names compare exactly: `__Host-Session` is another cookie than `__Host-session`. */
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

/** A few words on a `Set-Cookie` attribute; empty for one we do not know. */
export function meaningOf(attribute: string): string {
  const whole = attribute.toLowerCase()
  const name = whole.split('=', 1)[0] ?? ''
  return MEANINGS[whole] ?? MEANINGS[name] ?? ''
}
