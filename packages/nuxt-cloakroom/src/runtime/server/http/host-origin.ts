import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'

/** What proxies add to a request. */
export const PROXY_HEADERS = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'via']
const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '[::1]'])

type Request = Pick<IncomingMessage, 'headers' | 'socket'>

/** What the server knows of the proxies in front of it. */
export interface ProxyKnowledge {
  readonly config: { readonly behindProxy: boolean }
  /** Whether the peer is a trusted proxy, whose `X-Forwarded-Host` counts. */
  readonly isTrustedPeer: (request: Pick<IncomingMessage, 'socket'>) => boolean
}

/**
 * The origin that a request was sent to, for an app without a configured origin. A browser sets `Host` to the host of
 * the page's own server, and no page can change it, so a page of another host has another origin.
 *
 * Only `https`, and `http` if there is no proxy and the host is this machine: any network on the way can serve a page
 * of the same host over plain HTTP.
 */
export class HostOrigin {
  readonly #request: Request
  readonly #proxies: ProxyKnowledge

  constructor(request: Request, proxies: ProxyKnowledge) {
    this.#request = request
    this.#proxies = proxies
  }

  has(origin: string): boolean {
    const url = `https://${this.#host}`
    if (!URL.canParse(url)) return false
    const { host, hostname } = new URL(url)
    if (origin === `https://${host}`) return true
    return origin === `http://${host}` && LOOPBACK_NAMES.has(hostname) && this.#isDirectAndPlain
  }

  /**
   * Whether this origin can be the app's own: the Host header names it, or the Host header proves nothing, because the
   * app's origins are not configured and a proxy may have changed it.
   *
   * @param isConfigured whether the app's origins are known
   */
  mayBe(origin: string, isConfigured: boolean): boolean {
    if (isAt(this.#host, origin)) return origin.startsWith('https:') || !this.#isDirectOverTls
    return !isConfigured && !this.#isDirectOverTls
  }

  get #isDirectOverTls(): boolean {
    return !this.#isProxied && (this.#request.socket as Partial<TLSSocket>).encrypted === true
  }

  /** A proxy may replace the host of a public address by that of this machine. */
  get #isDirectAndPlain(): boolean {
    return !this.#isProxied && (this.#request.socket as Partial<TLSSocket>).encrypted !== true
  }

  get #isProxied(): boolean {
    const { headers } = this.#request
    return this.#proxies.config.behindProxy || PROXY_HEADERS.some(name => headers[name] !== undefined)
  }

  get #host(): string {
    const { headers } = this.#request
    const forwarded = headers['x-forwarded-host']
    if (forwarded === undefined || !this.#proxies.isTrustedPeer(this.#request)) {
      return headers.host ?? String(headers[':authority'] ?? '') // HTTP/2 has no Host.
    }
    return [forwarded].flat().join(',').split(',', 1)[0]!.trim()
  }
}

/** Whether an origin has this host and port. */
function isAt(host: string, origin: string): boolean {
  if (!URL.canParse(origin)) return false
  const { protocol, host: expected } = new URL(origin)
  const url = `${protocol}//${host}`
  return URL.canParse(url) && new URL(url).host === expected
}
