import { DEVICES_PATH, EVENTS_PATH, EXTEND_PATH, SESSION_PATH } from '../runtime/shared/routes'

const MAX_SHOWN_CHARACTERS = 1500

/** Name and value, as they are sent: each character is one byte. */
export type Header = readonly [name: string, value: string]

/** Which session cookie a request carries. `forged`: none that the server has set, or more than one. */
export type CookieKind = 'absent' | 'forged' | 'valid'

/** What a case of the fuzzer decides about one request. */
export interface Draft {
  /** `GET` unless set. */
  readonly method?: string
  /** What stands in the request line, without the canary that is added to its query. */
  readonly path: string
  /** Besides those that each request has: see `buildRequest`. One of the same name replaces it. */
  readonly headers?: readonly Header[]
  readonly body?: Buffer | string
  /** `absent` unless set. */
  readonly cookie?: CookieKind
  /** The number of the session to which a valid cookie belongs. */
  readonly session?: number
  /** Whether it is from a page of another origin, or claims something that contradicts its origin. */
  readonly isForeign?: boolean
  /** Whether the server would wait for the rest. The fuzzer then closes its side after the last byte. */
  readonly isCutOff?: boolean
  /** Everything that is sent, instead of what `buildRequest` would write. */
  readonly raw?: string
  readonly upgrade?: Upgrade
}

/** A request that asks for a WebSocket. */
export interface Upgrade {
  /** Whether the app has a handler on the path, as far as the fuzzer knows. */
  readonly isHandled: boolean
  /** How many bytes of a message without an end are sent after the upgrade; 0 closes it immediately. */
  readonly messageBytes: number
}

/** A request as it is sent. */
export interface FuzzRequest extends Required<Omit<Draft, 'headers' | 'body' | 'raw' | 'upgrade' | 'session'>> {
  /** With a seed it determines everything else. */
  readonly index: number
  /** The name of the case. */
  readonly kind: string
  readonly bytes: Buffer
  readonly session: number | null
  readonly isModuleRoute: boolean
  readonly upgrade: Upgrade | null
}

/** The server as each case needs to know it. */
export interface FuzzTarget {
  /** The origin of the app's pages, for example `https://localhost:3000`. */
  readonly origin: string
  /** The app's base path without a slash at its end; empty for most apps. */
  readonly base: string
  /** The `Host` header. */
  readonly host: string
  /** Paths of the app to send requests to, besides the module's routes. */
  readonly paths: readonly string[]
  /** Paths with a WebSocket handler. */
  readonly socketPaths: readonly string[]
  readonly cookieName: string
  /** Values of valid session cookies: none, one or two. */
  readonly cookies: readonly string[]
  /** The size of a message that no WebSocket of the app accepts. */
  readonly messageBytes: number
}

const CRLF = '\r\n'
const MODULE_ROUTES: ReadonlySet<string> = new Set([SESSION_PATH, EXTEND_PATH, DEVICES_PATH, EVENTS_PATH])

/**
 * Writes the request. It has a `Host`, `Connection: close` and a `Content-Length` if it has a body, unless the draft
 * has headers of these names; and canaries in its query, in a header and in a cookie.
 *
 * @param canary returns the canary for a place of the request
 */
export function buildRequest(
  draft: Draft,
  target: FuzzTarget,
  { index, kind, canary }: { index: number, kind: string, canary: (place: CanaryPlace) => string },
): FuzzRequest {
  const { method = 'GET', cookie = 'absent', session = null, isForeign = false, isCutOff = false } = draft
  const upgrade = draft.upgrade ?? null
  const body = Buffer.from(draft.body ?? '')
  const path = `${draft.path}${draft.path.includes('?') ? '&' : '?'}token=${canary('query')}`
  const lines = headersOf(draft, target, canary).map(([name, value]) => `${name}: ${value}`)
  const head = draft.raw ?? [`${method} ${path} HTTP/1.1`, ...lines, '', ''].join(CRLF)
  return {
    index, kind, method, path, cookie, session, isForeign, isCutOff, upgrade,
    bytes: Buffer.concat([Buffer.from(head, 'latin1'), body]),
    isModuleRoute: isModuleRoute(draft.path, target),
  }
}

/** Where each request carries a canary. */
export type CanaryPlace = 'query' | 'header' | 'cookie' | 'body'

function headersOf(draft: Draft, { host }: FuzzTarget, canary: (place: CanaryPlace) => string): readonly Header[] {
  const own = draft.headers ?? []
  const defaults: Header[] = [
    ['Host', host],
    ['Connection', 'close'],
    ['X-Api-Key', canary('header')],
  ]
  if (draft.body !== undefined) defaults.push(['Content-Length', String(Buffer.byteLength(draft.body))])
  if (!own.some(([name]) => name.toLowerCase() === 'cookie')) defaults.push(['Cookie', `trace=${canary('cookie')}`])
  const names = new Set(own.map(([name]) => name.toLowerCase()))
  return [...defaults.filter(([name]) => !names.has(name.toLowerCase())), ...own]
}

function isModuleRoute(path: string, { base }: FuzzTarget): boolean {
  return path.startsWith(base) && MODULE_ROUTES.has(path.slice(base.length).split('?', 1)[0]!)
}

/** The request as text, without the cookies of valid sessions. Bytes that are not printable are escaped. */
export function describeRequest({ bytes }: FuzzRequest, { cookies }: FuzzTarget): string {
  let text = bytes.toString('latin1')
  cookies.forEach((value, session) => {
    text = text.replaceAll(value, `<cookie of session ${session + 1}>`)
  })
  const shown = text.slice(0, MAX_SHOWN_CHARACTERS).replaceAll(/[^\x20-\x7E\r\n]/g, escapeCharacter)
  const rest = text.length > MAX_SHOWN_CHARACTERS ? `… (${text.length} bytes)` : ''
  return shown.replaceAll('\r\n', '\n') + rest
}

function escapeCharacter(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
}
