import { lookup } from 'node:dns/promises'
import { BlockList, isIPv6 } from 'node:net'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8)
loopback.addAddress('::1', 'ipv6')

/** Where a host name leads to. */
export interface ResolvedHost {
  readonly address: string
  /** Whether each of its addresses is this machine. */
  readonly isLoopback: boolean
}

/** Resolves a host name as URLs have it. @throws Error if it has no address */
export async function resolveHost(hostname: string): Promise<ResolvedHost> {
  const found = await lookup(hostname.replace(/^\[|\]$/g, ''), { all: true })
  const isLocal = (address: string) => loopback.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
  return { address: found[0]!.address, isLoopback: found.every(({ address }) => isLocal(address)) }
}
