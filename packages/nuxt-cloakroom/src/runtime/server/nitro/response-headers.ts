import { ServerResponse } from 'node:http'

const PRIVATE = 'private, no-store'
const HELD = Symbol('cloakroom: response headers')
const COOKIE_NAME = Symbol('cloakroom: name of the session cookie')
const WRITE_HEAD = Symbol('cloakroom: writeHead')

/** What the module has set on a response. It still holds when the headers are written, whatever ran in between. */
interface HeldHeaders {
  /** The lines of `Set-Cookie` that the module has set, and whether they must not be sent after all. */
  cookies: readonly string[]
  isOutdated: () => boolean
  isPrivate: boolean
  /** Names in `Vary`, in addition to `Cookie`. */
  vary: string
  others: Readonly<Record<string, string>>
}

type HeldResponse = ServerResponse & {
  [HELD]?: HeldHeaders
  [WRITE_HEAD]?: ServerResponse['writeHead']
  [COOKIE_NAME]?: string
}

/**
 * Gives the module the last word on a response's headers. Call it before anything else replaces `writeHead`: what was
 * replaced last runs first.
 */
export function keepHeaders(response: HeldResponse, cookieName: string): void {
  response[COOKIE_NAME] = cookieName
  response[WRITE_HEAD] = response.writeHead
  response.writeHead = writeHeldHead
  if (!(response instanceof ServerResponse)) keepHeadersAtEnd(response)
}

/** No cache may store what was created for one visitor (RFC 9111 section 5.2.2.7; ASVS 14.3.2). */
export function markPrivate(response: ServerResponse): void {
  if (response.headersSent) return
  const held = hold(response)
  if (held.isPrivate) return
  held.isPrivate = true
  setPrivate(response)
}

/**
 * Sets the session cookie.
 *
 * @param lines for `Set-Cookie`, all of its name; they replace earlier ones
 * @param isOutdated asked when the headers are written: if so, no cookie is set
 * @throws Error if the response has begun
 */
export function setSessionCookie(
  response: ServerResponse,
  lines: readonly string[],
  isOutdated: () => boolean = () => false,
): void {
  if (response.headersSent) {
    throw new Error('[cloakroom] The response has already begun, so its session cookie cannot be set. Write to the '
      + 'session before sending.')
  }
  const held = hold(response)
  held.cookies = lines
  held.isOutdated = isOutdated
  setCookies(response, held)
}

/** Sets headers that stay as they are, and adds names to `Vary`. */
export function setHeldHeaders(
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  vary: string,
): void {
  const held = hold(response)
  held.others = headers
  held.vary = vary
  setOthers(response, held)
}

/** Adds names to `Vary`, each once. */
export function appendVary(response: ServerResponse, names: string): void {
  const before = [response.getHeader('vary') ?? []].flat().join(', ')
  const known = before.toLowerCase().split(',').map(name => name.trim())
  if (known.includes('*')) return
  const missing = names.split(', ').filter(name => !known.includes(name.toLowerCase()))
  if (missing.length > 0) response.setHeader('vary', [...(before === '' ? [] : [before]), ...missing].join(', '))
}

function hold(response: HeldResponse): HeldHeaders {
  return response[HELD] ??= { cookies: [], isOutdated: () => false, isPrivate: false, vary: '', others: {} }
}

/**
 * `writeHead` of each response. Node calls it for all headers, also for those of `end` and `write`. One function for
 * all responses, so that they share their shape.
 */
function writeHeldHead(this: HeldResponse, status: number, ...rest: unknown[]): ServerResponse {
  const writeHead = this[WRITE_HEAD] as (status: number, ...rest: unknown[]) => ServerResponse
  const held = this[HELD]
  const hasWork = held !== undefined || this.hasHeader('set-cookie') || rest.some(setsCookies)
  if (!hasWork || this.headersSent) return writeHead.call(this, status, ...rest)
  const message = typeof rest[0] === 'string' ? rest[0] : undefined
  const headers = rest[1] ?? (message === undefined ? rest[0] : undefined)
  setAll(this, headers)
  restore(this, held)
  return message === undefined ? writeHead.call(this, status) : writeHead.call(this, status, message)
}

function setsCookies(headers: unknown): boolean {
  if (typeof headers !== 'object' || headers === null) return false
  const names = Array.isArray(headers) ? headers.flat() : Object.keys(headers)
  return names.some(name => String(name).toLowerCase() === 'set-cookie')
}

/** On platforms without Node's own server, `end` does not call `writeHead`. */
function keepHeadersAtEnd(response: HeldResponse) {
  const { end } = response
  response.end = function (this: HeldResponse, ...args: unknown[]) {
    if (!this.headersSent) restore(this, this[HELD])
    return (end as (...args: unknown[]) => ServerResponse).apply(this, args)
  } as typeof end
}

function restore(response: HeldResponse, held: HeldHeaders | undefined) {
  if (held?.isOutdated()) held.cookies = []
  setCookies(response, held)
  if (held?.isPrivate) setPrivate(response)
  if (held) setOthers(response, held)
}

function setOthers(response: ServerResponse, { others, vary }: HeldHeaders) {
  for (const [name, value] of Object.entries(others)) response.setHeader(name, value)
  if (vary !== '') appendVary(response, vary)
}

function setPrivate(response: ServerResponse) {
  if (response.getHeader('cache-control') !== PRIVATE) response.setHeader('cache-control', PRIVATE)
  if (response.getHeader('vary') !== 'Cookie') appendVary(response, 'Cookie')
}

/** Only the module sets its cookie: that of a backend is dropped, also if this response uses no session. */
function setCookies(response: HeldResponse, { cookies }: Pick<HeldHeaders, 'cookies'> = { cookies: [] }) {
  const before = response.getHeader('set-cookie')
  if (before === undefined && cookies.length === 0) return
  const start = `${response[COOKIE_NAME]}=`
  const others = [before ?? []].flat().map(String).filter(line => !line.trimStart().startsWith(start))
  const lines = [...others, ...cookies]
  if (lines.length > 0) response.setHeader('set-cookie', lines)
  else response.removeHeader('set-cookie')
}

/** Headers given to `writeHead`: an object, or an array of names and values, flat or in pairs. */
function setAll(response: ServerResponse, headers: unknown) {
  if (!headers) return
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers as Record<string, string | undefined>)) {
      if (value !== undefined) response.setHeader(name, value)
    }
    return
  }
  const flat = (Array.isArray(headers[0]) ? headers.flat(1) : headers) as string[]
  const names = flat.filter((_, i) => i % 2 === 0)
  for (const name of names) response.removeHeader(name)
  names.forEach((name, i) => response.appendHeader(name, flat[i * 2 + 1]!))
}
