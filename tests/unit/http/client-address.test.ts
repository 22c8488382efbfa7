import type { Socket } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressReader, trustedPeer } from '../../../packages/nuxt-cloakroom/src/runtime/server/http/client-address'
import { fuzzing } from '../../support/limits'

const PROXIES = '10.0.0.0/8, 2001:db8:ffff::/48, 127.0.0.1'

/** What a reader returns for a peer's address and the `X-Forwarded-For` that it sends. */
function read(peer: string | undefined, forwarded?: string, { trusted = PROXIES, behindProxy = false } = {}) {
  const socket = { remoteAddress: peer } as Socket
  return addressReader(trusted, { behindProxy })({ socket, headers: { 'x-forwarded-for': forwarded } })
}

describe('addressReader', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['::ffff:cb00:7109', '203.0.113.9'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:DB8:0:1:2:3:4:5', '2001:db8:0:1::/64'],
    ['2001:db8:1::', '2001:db8:1:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('returns for the peer %s, without proxies, %s', (peer, address) => {
    expect(read(peer)).toBe(address)
  })

  it('returns the same for all addresses of an IPv6 network', () => {
    fc.assert(fc.property(fc.ipV6(), fc.integer({ min: 0, max: 0xFFFF }), (ip, last) => {
      const network = read(ip)
      if (!network!.endsWith('::/64')) return // An IPv4-mapped address.
      expect(read(`${network!.replace('::/64', '')}:1:2:3:${last.toString(16)}`)).toBe(network)
    }), fuzzing(100))
  })

  it('ignores X-Forwarded-For from a peer that is not a listed proxy', () => {
    expect(read('203.0.113.9', '198.51.100.1')).toBe('203.0.113.9')
    expect(read('203.0.113.9', '198.51.100.1', { trusted: '' })).toBe('203.0.113.9')
  })

  it.each([
    ['198.51.100.1', '198.51.100.1'],
    ['1.2.3.4, 198.51.100.1', '198.51.100.1'],
    ['1.2.3.4, 198.51.100.1, 10.9.9.9', '198.51.100.1'],
    ['10.0.0.7, 198.51.100.1,10.9.9.9 , 127.0.0.1', '198.51.100.1'],
    ['198.51.100.1:4711', '198.51.100.1'],
    ['[2001:db8::7]:4711', '2001:db8:0:0::/64'],
    ['2001:db8::7, 2001:db8:ffff::1', '2001:db8:0:0::/64'],
    ['::ffff:198.51.100.1', '198.51.100.1'],
  ])('returns, from X-Forwarded-For %j, the last entry that is not a proxy: %s', (forwarded, address) => {
    expect(read('10.0.0.1', forwarded)).toBe(address)
    expect(read('::ffff:10.0.0.1', forwarded)).toBe(address)
    expect(read('2001:db8:ffff:1::1', forwarded)).toBe(address)
  })

  it.each([
    undefined, '', 'unknown', '198.51.100.1, unknown', '198.51.100.1, ,', '_hidden', '999.1.1.1',
    '198.51.100.1, 10.0.0.1/8',
  ])('returns the proxy\'s own address if its entry is not an address: %j', (forwarded) => {
    expect(read('10.0.0.1', forwarded)).toBe('10.0.0.1')
  })

  it('returns the first proxy if X-Forwarded-For lists only proxies', () => {
    expect(read('10.0.0.1', '10.0.0.3, 10.0.0.2')).toBe('10.0.0.3')
  })

  it('trusts X-Forwarded-For over a Unix socket only if unix is listed', () => {
    expect(read(undefined, '198.51.100.1')).toBeNull()
    expect(read(undefined, '198.51.100.1', { trusted: 'unix' })).toBe('198.51.100.1')
    expect(read(undefined, undefined, { trusted: 'unix' })).toBeNull()
  })

  it('returns null behind a proxy that is not listed, because all clients would share its address', () => {
    expect(read('10.0.0.1', '198.51.100.1', { trusted: '', behindProxy: true })).toBeNull()
  })

  it('never throws, whatever the header contains', () => {
    fc.assert(fc.property(fc.string({ maxLength: 60 }), fc.ipV4(), (noise, ip) => {
      expect(read('10.0.0.1', `${noise}, ${ip}`)).not.toBeUndefined()
      expect(read('10.0.0.1', noise)).not.toBeUndefined()
    }), fuzzing(100))
  })
})

describe('the list of trusted proxies', () => {
  it.each([
    '10.0.0.0/33', '10.0.0/8', '::/129', 'proxy.example.com', '10.0.0.1/', '10.0.0.1/x', '10.0.0.1,,127.0.0.1',
    '10.0.0.1 127.0.0.1', '*', 'Unix',
  ])('is refused with the entry %j', (trusted) => {
    const message = new RegExp('^\\[cloakroom\\] NUXT_CLOAKROOM_TRUSTED_PROXIES has ".*", which is neither an address '
      + 'nor a network\\. List the proxies')
    expect(() => read('10.0.0.1', '', { trusted })).toThrow(message)
  })

  it.each(['0.0.0.0/0', '::/0', '10.0.0.1/32', '::1/128'])('accepts %s', (trusted) => {
    expect(() => read('10.0.0.1', '', { trusted })).not.toThrow()
  })
})

describe('trustedPeer', () => {
  it('returns whether the peer is a listed proxy, and trusts no peer if none is listed', () => {
    const isTrusted = (peer: string | undefined, list = PROXIES) =>
      trustedPeer(list)({ socket: { remoteAddress: peer } as Socket })
    expect(['10.1.2.3', '::ffff:127.0.0.1', '203.0.113.9', undefined].map(peer => isTrusted(peer)))
      .toEqual([true, true, false, false])
    expect([isTrusted(undefined, 'unix'), isTrusted('127.0.0.1', '')]).toEqual([true, false])
  })
})
