import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { isInLocalNetwork } from './client-address'

/** Headers in which a proxy says how the client reached it. h3 and Nitro believe the first three from any client. */
const FORWARDED = [
  'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-for', 'x-forwarded-port', 'x-forwarded-server', 'x-real-ip',
  'forwarded',
]
const SCHEMES = /^https?(?:[ \t]*,[ \t]*https?)*$/
/** A host name, an IPv4 address or a bracketed IPv6 address, with an optional port. */
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i
/** A server is reached by few names; each is checked once. */
const MAX_KNOWN_HOSTS = 100
/** A DNS name has at most 253 characters (RFC 1035 section 2.3.4), and a port at most five digits. */
const MAX_HOST_CHARACTERS = 253 + ':65535'.length

const knownHosts = new Set<string>()

type Request = Pick<IncomingMessage, 'headers' | 'rawHeaders' | 'socket'>

/** What the server knows of the proxies in front of it. */
export interface TrustedProxies {
  /** Whether the peer is a listed proxy. */
  readonly isTrustedPeer: (request: Pick<IncomingMessage, 'socket'>) => boolean
  readonly config: { readonly trustedProxies: string, readonly behindProxy: boolean }
}

/** Whether a URL can be built of a `Host` header; HTTP/1.0 and HTTP/2 need none (RFC 9112 section 3.2). */
export function isValidHost(host: string | undefined): boolean {
  if (host === undefined || knownHosts.has(host)) return true
  if (host.length > MAX_HOST_CHARACTERS || !HOST.test(host) || !URL.canParse(`http://${host}`)) return false
  if (knownHosts.size >= MAX_KNOWN_HOSTS) knownHosts.clear() // A client has invented most of them.
  knownHosts.add(host)
  return true
}

/** Whether a request's target is a path, or the `*` of OPTIONS. A whole URL could name another host. */
export function isPath(target: string): boolean {
  return target.startsWith('/') || target === '*'
}

/**
 * Removes forwarding headers that no proxy has set: those of a peer that is not listed. Without a list, every peer is
 * taken for a proxy if the server is behind one, and otherwise a peer over plain HTTP in a local network. A host or
 * scheme that is not valid is removed in any case, because URLs are built of it.
 */
export function dropUntrustedForwarding(request: Request, proxies: TrustedProxies): void {
  const { headers } = request
  let isFromProxy: boolean | undefined
  for (const name of FORWARDED) {
    const value = headers[name]
    if (value === undefined) continue
    isFromProxy ??= proxies.isTrustedPeer(request) || isProbablyProxy(request, proxies)
    if (!isFromProxy || !isWellFormed(name, [value].flat().join(','))) removeHeader(request, name)
  }
}

/** Node has counted the raw headers for `headersDistinct`, so the value becomes empty there. */
function removeHeader({ headers, rawHeaders }: Request, name: string) {
  Reflect.deleteProperty(headers, name)
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i]!.toLowerCase() === name) rawHeaders[i + 1] = ''
}

function isProbablyProxy(request: Request, { config }: TrustedProxies): boolean {
  const isEncrypted = (request.socket as Partial<TLSSocket>).encrypted === true
  if (config.trustedProxies !== '') return false
  return config.behindProxy || (!isEncrypted && isInLocalNetwork(request))
}

function isWellFormed(name: string, value: string): boolean {
  if (name === 'x-forwarded-host') return value.split(',').every(host => isValidHost(host.trim()))
  return name !== 'x-forwarded-proto' || SCHEMES.test(value)
}
