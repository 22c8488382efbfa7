import { describe, expect, it } from 'vitest'
import {
  dropUntrustedForwarding, isPath, isValidHost,
} from '../../../packages/nuxt-cloakroom/src/runtime/server/http/request-target'
import { trustedPeer } from '../../../packages/nuxt-cloakroom/src/runtime/server/http/client-address'

const FORGED = {
  'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9',
  'x-forwarded-port': '1', 'x-real-ip': '203.0.113.9', 'forwarded': 'host=evil.test',
}

/** The headers that are left of a request of this peer. */
function left(
  headers: Record<string, string>,
  peer: string,
  { trusted = '', encrypted = false, behindProxy = false } = {},
) {
  const rawHeaders = Object.entries(headers).flat()
  const request = { headers: { ...headers }, rawHeaders, socket: { remoteAddress: peer, encrypted } }
  const proxies = { isTrustedPeer: trustedPeer(trusted), config: { trustedProxies: trusted, behindProxy } }
  dropUntrustedForwarding(request as never, proxies)
  return { headers: request.headers, rawHeaders }
}

describe('isValidHost', () => {
  it.each([
    'a', 'app.example.com', 'app.example.com:443', 'under_score.test', '127.0.0.1:3000', '[::1]:3000', undefined,
  ])('accepts %s', (host) => {
    expect([isValidHost(host), isValidHost(host)]).toEqual([true, true]) // The second time it is known.
  })

  it.each([
    '', '%%%', 'a b', 'a/b', 'a?b', 'a#b', 'a@b', 'a:b', 'a:99999', '127.0.0.1:0x50', '999.999.999.999', '[::1', '[zz]',
    'a,b', 'a\\b',
  ])('refuses %j', (host) => {
    expect(isValidHost(host)).toBe(false)
  })
})

it('hosts are checked correctly when there are more than are remembered', () => {
  for (let i = 0; i < 500; i++) expect([isValidHost(`host-${i}.test`), isValidHost(`host ${i}`)]).toEqual([true, false])
})

describe('a long host', () => {
  it('is accepted with up to 253 characters and a port, and otherwise not kept in memory', () => {
    const longest = `${'a'.repeat(253)}:65535`
    expect([isValidHost(longest), isValidHost(`a${longest}`)]).toEqual([true, false])
  })
})

describe('isPath', () => {
  it('accepts paths and the * of OPTIONS, and no URL', () => {
    expect(['/', '/a?b', '//a', '*'].map(isPath)).toEqual([true, true, true, true])
    expect(['', 'http://a/', '%%%', 'a'].map(isPath)).toEqual([false, false, false, false])
  })
})

describe('dropUntrustedForwarding', () => {
  it.each([
    ['a client on the internet', '198.51.100.1', {}],
    ['a client on the internet, over TLS', '198.51.100.1', { encrypted: true }],
    ['a client in the local network, over TLS', '10.0.0.5', { encrypted: true }],
    ['a client in the local network that is not the listed proxy', '10.0.0.5', { trusted: '10.0.0.1' }],
    ['a client over IPv6', '2001:db8::1', {}],
  ])('removes all headers of %s, the raw values too', (_client, peer, options) => {
    const { headers, rawHeaders } = left({ ...FORGED, 'user-agent': 'curl' }, peer, options)
    expect(headers).toEqual({ 'user-agent': 'curl' })
    expect(rawHeaders.join()).not.toMatch(/evil|203\.0/)
  })

  it.each([
    ['a listed proxy', '10.0.0.1', { trusted: '10.0.0.0/8' }],
    ['a listed proxy over TLS', '10.0.0.1', { trusted: '10.0.0.0/8', encrypted: true }],
    ['a proxy on this machine, if none is listed', '127.0.0.1', {}],
    ['a proxy in a private network, if none is listed', '::ffff:192.168.1.1', {}],
    ['a proxy in a private IPv6 network, if none is listed', 'fd00::1', {}],
    ['any peer of a server behind a proxy, if none is listed', '198.51.100.1', { behindProxy: true, encrypted: true }],
    ['a peer without an address, as on other platforms', '', {}],
  ])('leaves those of %s', (_proxy, peer, options) => {
    expect(left(FORGED, peer, options).headers).toEqual(FORGED)
  })

  it.each([
    ['x-forwarded-host', '%%%'], ['x-forwarded-host', 'a.test, %%%'], ['x-forwarded-host', ''],
    ['x-forwarded-proto', 'javascript'], ['x-forwarded-proto', 'HTTPS'], ['x-forwarded-proto', ''],
  ])('removes what no URL can be built of, from a listed proxy too: %s: %s', (name, value) => {
    expect(left({ [name]: value }, '10.0.0.1', { trusted: '10.0.0.1' }).headers).toEqual({})
  })

  it('leaves lists of hosts and schemes', () => {
    const lists = { 'x-forwarded-host': 'a.test, b.test:8080', 'x-forwarded-proto': 'https, http' }
    expect(left(lists, '127.0.0.1').headers).toEqual(lists)
  })
})
