import type { Draft, Header } from '../request'
import type { CaseContext } from './context'
import { ownOrigin, sessionCookie, unknownPath } from './context'
import { forgedCookieHeaders } from './cookies'
import { contradiction, foreignOrigin } from './origins'

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
const HANDSHAKE: readonly Header[] = [
  ['Connection', 'Upgrade, close'], // A server without WebSockets then closes after its response.
  ['Upgrade', 'websocket'],
  ['Sec-WebSocket-Version', '13'],
  ['Sec-WebSocket-Key', KEY],
]
/** Changes that make the handshake invalid, or unusual. */
const CHANGES: readonly Header[] = [
  ['Sec-WebSocket-Version', '8'],
  ['Sec-WebSocket-Version', '%'],
  ['Sec-WebSocket-Key', ''],
  ['Sec-WebSocket-Key', 'x'],
  ['Upgrade', 'h2c'],
  ['Upgrade', 'websocket, h2c'],
  ['Upgrade', 'x'],
  ['Sec-WebSocket-Protocol', '%%%, ,'],
  ['Sec-WebSocket-Protocol', 'x'.repeat(3000)],
  ['Sec-WebSocket-Extensions', 'permessage-deflate; server_max_window_bits=99'],
  ['Sec-WebSocket-Extensions', ';;;'],
  ['X-Forwarded-Host', '%%%'],
  ['Host', '%%%'],
]

/** An upgrade to a WebSocket: of another origin, with a forged cookie, without a handler, or malformed. */
export function upgrade(context: CaseContext): Draft {
  const { random, target } = context
  const { socketPaths, messageBytes } = target
  const isHandled = socketPaths.length > 0 && !random.oneIn(4)
  const path = isHandled ? random.pick(socketPaths) : unknownPath(context)
  const kind = random.pick([foreign, foreign, forged, malformed, ...(isHandled ? [endless] : [])])
  const { headers = [], ...rest } = kind(context)
  const isEndless = kind === endless
  return { path, ...rest, headers: merge(headers), upgrade: { isHandled, messageBytes: isEndless ? messageBytes : 0 } }
}

type Part = Omit<Draft, 'path'>

/** Cross-site WebSocket hijacking. */
function foreign(context: CaseContext): Part {
  const { random, canary } = context
  const { header, ...cookie } = sessionCookie(context)
  const origin = random.pick<Header[]>([
    [foreignOrigin(context)],
    contradiction(context),
    [ownOrigin(context), ['Sec-Fetch-Site', 'cross-site']],
    [],
  ])
  return { ...cookie, headers: [['Cookie', `${header}; trace=${canary('cookie')}`], ...origin], isForeign: true }
}

function forged(context: CaseContext): Part {
  return { headers: [ownOrigin(context), ...forgedCookieHeaders(context)], cookie: 'forged' }
}

function malformed(context: CaseContext): Part {
  return { headers: [ownOrigin(context), context.random.pick(CHANGES)] }
}

/** One message without an end, as a page of the app would send it. */
function endless(context: CaseContext): Part {
  const { header, ...cookie } = sessionCookie(context)
  return { ...cookie, headers: [ownOrigin(context), ['Cookie', header]] }
}

function merge(headers: readonly Header[]): Header[] {
  const names = new Set(headers.map(([name]) => name))
  return [...HANDSHAKE.filter(([name]) => !names.has(name)), ...headers]
}
