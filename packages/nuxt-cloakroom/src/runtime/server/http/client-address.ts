import type { IncomingMessage } from 'node:http'
import { BlockList, SocketAddress, isIP } from 'node:net'
import { ConfigError } from '../sessions/errors'

/**
 * Returns a client's address for rate limits: an IPv4 address, or an IPv6 network of 64 bits. `null`: it is unknown.
 */
export type AddressReader = (request: Pick<IncomingMessage, 'headers' | 'socket'>) => string | null

/** A peer that connected over a Unix socket has no address. Some platforms give none at all. */
const UNIX = 'unix'
const NETWORK_GROUPS = 4
const ADDRESS_GROUPS = 8

/** An address or network, with an optional prefix length. */
const ENTRY = /^([^/]+)(?:\/(\d{1,3}))?$/
/** Some proxies append the client's port, and then put brackets around IPv6. */
const WITH_PORT = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/

/**
 * Returns an address reader for the proxies in front of this server. The address is that of the peer, unless the peer
 * is one of the proxies: then it is the last entry of `X-Forwarded-For` that is not another of them. Entries to the
 * left of it may be forged.
 *
 * @param list comma-separated addresses and networks such as `10.0.0.0/8`, or `unix` for peers on a Unix socket
 * @param options.behindProxy whether every request comes from a proxy. If none is listed, the reader always returns
 * `null`.
 * @throws ConfigError for an entry that is none of these
 */
export function addressReader(list: string, { behindProxy }: { behindProxy: boolean }): AddressReader {
  const isProxy = parseProxies(list)
  if (behindProxy && list === '') return () => null
  return ({ socket, headers }) => {
    let address = normalize(socket.remoteAddress || UNIX)
    const hops = isProxy(address) ? [headers['x-forwarded-for'] ?? []].flat().join().split(',') : []
    while (isProxy(address) && hops.length > 0) {
      const hop = withoutPort(hops.pop()!.trim())
      if (!isIP(hop)) break // The proxy itself did not know.
      address = normalize(hop)
    }
    return address === UNIX ? null : networkOf(address)
  }
}

/**
 * Returns whether a request's peer is one of the proxies in `list`, so that its forwarding headers can be trusted.
 *
 * @throws ConfigError as {@link addressReader}
 */
export function trustedPeer(list: string): (request: Pick<IncomingMessage, 'socket'>) => boolean {
  const isProxy = parseProxies(list)
  return ({ socket }) => isProxy(normalize(socket.remoteAddress || UNIX))
}

/** Whether a peer is this machine or in a private network, where proxies are and clients from the internet are not. */
export function isInLocalNetwork({ socket }: Pick<IncomingMessage, 'socket'>): boolean {
  const address = normalize(socket.remoteAddress || UNIX)
  return address === UNIX || LOCAL_NETWORKS.check(address, familyOf(address))
}

const LOCAL_NETWORKS = new BlockList()
for (const network of [
  '127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', '100.64.0.0/10', '::1/128',
  'fc00::/7', 'fe80::/10',
]) addEntry(LOCAL_NETWORKS, network)

function parseProxies(list: string): (address: string) => boolean {
  const listed = new BlockList()
  const entries = list === '' ? [] : list.split(',').map(entry => entry.trim())
  for (const entry of entries) if (entry !== UNIX) addEntry(listed, entry)
  const hasUnix = entries.includes(UNIX)
  return address => address === UNIX ? hasUnix : listed.check(address, familyOf(address))
}

function addEntry(listed: BlockList, entry: string) {
  const [, address = '', prefix] = ENTRY.exec(entry) ?? []
  const maxPrefix = { 0: -1, 4: 32, 6: 128 }[isIP(address)]!
  if (maxPrefix === -1 || Number(prefix ?? maxPrefix) > maxPrefix) {
    throw new ConfigError(
      'NUXT_CLOAKROOM_TRUSTED_PROXIES',
      `has "${entry}", which is neither an address nor a network`,
      'List the proxies in front of this server, for example 127.0.0.1,10.0.0.0/8, or unix.',
    )
  }
  listed.addSubnet(address, Number(prefix ?? maxPrefix), familyOf(address))
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}

/** One spelling per address: the shortest IPv6 without a zone; IPv4 that arrived on an IPv6 socket as IPv4. */
function normalize(address: string): string {
  if (isIP(address) !== 6) return address
  const short = new SocketAddress({ address: address.replace(/%.*$/, ''), family: 'ipv6' }).address
  return short.startsWith('::ffff:') && short.includes('.') ? short.slice('::ffff:'.length) : short
}

/** A host can choose among 2^64 IPv6 addresses; what it was assigned is the network. */
function networkOf(address: string): string {
  if (isIP(address) !== 6) return address
  const [left = '', right] = address.split('::')
  const before = left === '' ? [] : left.split(':')
  const after = right ? right.split(':') : []
  const zeros = Array<string>(Math.max(0, ADDRESS_GROUPS - before.length - after.length)).fill('0')
  const groups = right === undefined ? before : [...before, ...zeros, ...after]
  return `${groups.slice(0, NETWORK_GROUPS).join(':')}::/64`
}

function withoutPort(hop: string): string {
  const [, bracketed, plain] = WITH_PORT.exec(hop) ?? []
  return bracketed ?? plain ?? hop
}
