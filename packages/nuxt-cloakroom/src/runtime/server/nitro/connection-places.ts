import type { IncomingMessage } from 'node:http'
import { consola } from 'consola'
import { isInLocalNetwork } from '../http/client-address'
import { PROXY_HEADERS } from '../http/host-origin'
import type { ConnectionPlace } from '../live/connection-limits'
import type { Cloakroom } from './runtime'
import { envNameOf } from './settings'

type Request = Pick<IncomingMessage, 'headers' | 'socket'>
type Limits = Pick<Cloakroom, 'connectionLimits' | 'clientAddress' | 'isTrustedPeer'>

let hasWarned = false

/**
 * Takes a place for an event stream or a WebSocket. Returns `null` if there is none left.
 *
 * @param isLimitedByAddress not if the limits of a signed-in user hold
 */
export function takePlace(
  request: Request,
  limits: Limits,
  { isLimitedByAddress }: { isLimitedByAddress: boolean },
): ConnectionPlace | null {
  const address = isLimitedByAddress && !isUnlistedProxy(request, limits) ? limits.clientAddress(request) : null
  const { server } = request.socket as { server?: { maxConnections?: number } }
  const place = limits.connectionLimits.take(address, server?.maxConnections || undefined)
  if (typeof place !== 'string') return place
  if (!hasWarned) warn(place)
  hasWarned = true
  return null
}

/** A proxy that is not listed as trusted: all clients would share its address. */
function isUnlistedProxy(request: Request, { isTrustedPeer }: Limits): boolean {
  const isForwarded = PROXY_HEADERS.some(name => request.headers[name] !== undefined)
  return isForwarded && !isTrustedPeer(request) && isInLocalNetwork(request)
}

function warn(reached: 'full' | 'full_for_address') {
  const who = reached === 'full' ? 'This process has' : 'One address has'
  const limit = reached === 'full'
    ? `it may have: ${envNameOf('maxConnections')}, and at most half of its open files and connections.`
    : `${envNameOf('maxConnectionsPerAddress')} allows. Behind a proxy, set ${envNameOf('trustedProxies')} to its `
      + 'address.'
  consola.warn(`[cloakroom] ${who} as many event streams and WebSockets as ${limit} Further ones are refused. This is `
    + 'reported once.')
}
