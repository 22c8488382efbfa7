import type { IncomingMessage } from 'node:http'
import { BlockList, SocketAddress, isIP } from 'node:net'
import { ConfigError } from '../engine/errors'

/** Tells who sent a request, as limits count it: an IPv4 address, or an IPv6 network of 64 bits. `null`: nobody can tell. */
export type AddressReader = (request: Pick<IncomingMessage, 'headers' | 'socket'>) => string | null

/** A peer that came over a Unix socket has no address. */
const UNIX = 'unix'

/**
 * Reads addresses by what is known of the proxies in front. The address is the peer's own, unless the peer is one of the proxies: then it is the last entry of
 * `X-Forwarded-For` that is not another of them. What stands to the left of that was written by nobody whom we know.
 *
 * @param list comma-separated addresses and networks such as `10.0.0.0/8`, or `unix` for whoever is at the other end of a Unix socket
 * @param behindProxy whether every request comes from a proxy. If none is listed, nobody can tell clients apart, and the reader answers `null` for all
 * @throws ConfigError for an entry that is none of these
 */
export function addressReader(list: string, { behindProxy }: { behindProxy: boolean }): AddressReader {
  const proxies = parseProxies(list)
  if (behindProxy && list === '') return () => null
  return ({ socket, headers }) => {
    let address = normal(socket.remoteAddress ?? UNIX)
    const hops = proxies(address) ? [headers['x-forwarded-for'] ?? []].flat().join().split(',') : []
    while (proxies(address) && hops.length > 0) {
      const hop = withoutPort(hops.pop()!.trim())
      if (!isIP(hop)) break // The proxy itself did not know.
      address = normal(hop)
    }
    return address === UNIX ? null : network(address)
  }
}

/**
 * Tells whether a request's peer is one of the proxies in `list`, so that what it says of its own client may be believed.
 *
 * @throws ConfigError as {@link addressReader}
 */
export function trustedPeer(list: string): (request: Pick<IncomingMessage, 'socket'>) => boolean {
  const proxies = parseProxies(list)
  return ({ socket }) => proxies(normal(socket.remoteAddress ?? UNIX))
}

function parseProxies(list: string): (address: string) => boolean {
  const listed = new BlockList()
  const entries = list === '' ? [] : list.split(',').map(entry => entry.trim())
  for (const entry of entries) if (entry !== UNIX) addTo(listed, entry)
  const unix = entries.includes(UNIX)
  return address => address === UNIX ? unix : listed.check(address, family(address))
}

function addTo(listed: BlockList, entry: string) {
  const [, address = '', prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? []
  const longest = { 0: -1, 4: 32, 6: 128 }[isIP(address)]!
  if (longest === -1 || Number(prefix ?? longest) > longest) {
    throw new ConfigError('NUXT_SESSION_TRUSTED_PROXIES', `has "${entry}", which is no address and no network`, 'List the proxies in front of this server, such as 127.0.0.1,10.0.0.0/8, or unix.')
  }
  listed.addSubnet(address, Number(prefix ?? longest), family(address))
}

function family(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}

/** One spelling for each address: IPv6 at its shortest and without a zone, IPv4 that came in an IPv6 socket as IPv4. */
function normal(address: string): string {
  if (isIP(address) !== 6) return address
  const short = new SocketAddress({ address: address.replace(/%.*$/, ''), family: 'ipv6' }).address
  return short.startsWith('::ffff:') && short.includes('.') ? short.slice('::ffff:'.length) : short
}

/** A host chooses among 2^64 IPv6 addresses as it likes; what it was given is the network. */
function network(address: string): string {
  if (isIP(address) !== 6) return address
  const [left = '', right] = address.split('::')
  const before = left === '' ? [] : left.split(':')
  const after = right ? right.split(':') : []
  const groups = right === undefined ? before : [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after]
  return `${groups.slice(0, 4).join(':')}::/64`
}

/** Some proxies add the client's port, and brackets then around IPv6. */
function withoutPort(hop: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/.exec(hop) ?? []
  return bracketed ?? plain ?? hop
}
