import type { Socket } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressReader, trustedPeer } from '../../../layers/session/server/internal/client-address'
import { fuzzing } from '../../support/fuzzing'

const PROXIES = '10.0.0.0/8, 2001:db8:ffff::/48, 127.0.0.1'

function read(peer: string | undefined, forwarded?: string | string[], { trusted = PROXIES, behindProxy = false } = {}) {
  return addressReader(trusted, { behindProxy })({ socket: { remoteAddress: peer } as Socket, headers: { 'x-forwarded-for': forwarded as string } })
}

describe('the address of a client', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['::ffff:cb00:7109', '203.0.113.9'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:DB8:0:1:2:3:4:5', '2001:db8:0:1::/64'],
    ['2001:db8:1::', '2001:db8:1:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('is the peer\'s: %s counts as %s', (peer, address) => {
    expect(read(peer)).toBe(address)
  })

  it('is the same for all addresses of an IPv6 network, and another for the next', () => {
    fc.assert(fc.property(fc.ipV6(), fc.integer({ min: 0, max: 0xFFFF }), (ip, last) => {
      const [network] = [read(ip)]
      if (!network!.endsWith('::/64')) return // An IPv4 address in disguise.
      expect(read(`${network!.replace('::/64', '')}:1:2:3:${last.toString(16)}`)).toBe(network)
    }), fuzzing(100))
  })

  it('is not taken from a header that the client itself has sent', () => {
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
  ])('is, behind proxies, the last in %j that is none of them: %s', (forwarded, address) => {
    expect(read('10.0.0.1', forwarded)).toBe(address)
    expect(read('::ffff:10.0.0.1', forwarded)).toBe(address)
    expect(read('2001:db8:ffff:1::1', forwarded)).toBe(address)
  })

  it.each([undefined, '', 'unknown', '198.51.100.1, unknown', '198.51.100.1, ,', '_hidden', '999.1.1.1', '198.51.100.1, 10.0.0.1/8'])('is the proxy\'s own when it did not know better: %j', (forwarded) => {
    expect(read('10.0.0.1', forwarded)).toBe('10.0.0.1')
  })

  it('is the first of the proxies when only they stand there', () => {
    expect(read('10.0.0.1', '10.0.0.3, 10.0.0.2')).toBe('10.0.0.3')
  })

  it('comes over a Unix socket only by way of a proxy that is listed as such', () => {
    expect(read(undefined, '198.51.100.1')).toBeNull()
    expect(read(undefined, '198.51.100.1', { trusted: 'unix' })).toBe('198.51.100.1')
    expect(read(undefined, undefined, { trusted: 'unix' })).toBeNull()
  })

  it('is nobody\'s to tell behind a proxy that is not listed: one limit for all would be everybody\'s', () => {
    expect(read('10.0.0.1', '198.51.100.1', { trusted: '', behindProxy: true })).toBeNull()
  })

  it('never fails, whatever stands in the header', () => {
    fc.assert(fc.property(fc.string({ maxLength: 60 }), fc.ipV4(), (noise, ip) => {
      expect(read('10.0.0.1', `${noise}, ${ip}`)).not.toBeUndefined()
      expect(read('10.0.0.1', noise)).not.toBeUndefined()
    }), fuzzing(100))
  })
})

describe('the list of proxies', () => {
  it.each(['10.0.0.0/33', '10.0.0/8', '::/129', 'proxy.example.com', '10.0.0.1/', '10.0.0.1/x', '10.0.0.1,,127.0.0.1', '10.0.0.1 127.0.0.1', '*', 'Unix'])('is refused with %j in it', (trusted) => {
    expect(() => read('10.0.0.1', '', { trusted })).toThrow(/^\[session\] NUXT_SESSION_TRUSTED_PROXIES has ".*", which is no address and no network\. List the proxies/)
  })

  it.each(['0.0.0.0/0', '::/0', '10.0.0.1/32', '::1/128'])('may hold %s', (trusted) => {
    expect(() => read('10.0.0.1', '', { trusted })).not.toThrow()
  })
})

it('knows a peer that is a listed proxy, and believes nobody where none is listed', () => {
  const isTrusted = (peer: string | undefined, list = PROXIES) => trustedPeer(list)({ socket: { remoteAddress: peer } as Socket })
  expect(['10.1.2.3', '::ffff:127.0.0.1', '203.0.113.9', undefined].map(peer => isTrusted(peer))).toEqual([true, true, false, false])
  expect([isTrusted(undefined, 'unix'), isTrusted('127.0.0.1', '')]).toEqual([true, false])
})
