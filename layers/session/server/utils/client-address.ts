import type { H3Event } from 'h3'
import { sessionLayer } from '../internal/instance'
import { outerEvent } from '../internal/outer-event'

/**
 * Who sent the browser's request, as limits should count it: an IPv4 address, or an IPv6 network of 64 bits such as `2001:db8:0:1::/64`. Behind a proxy it
 * comes from `X-Forwarded-For`, and only by way of proxies that `trustedProxies` lists.
 *
 * `null` where nobody can tell, because there is a proxy and none is listed. Never limit by that: it would be one limit for all visitors together.
 */
export function clientAddress(event: H3Event): string | null {
  return sessionLayer().clientAddress(outerEvent(event).node.req)
}
