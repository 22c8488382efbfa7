import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { HostOrigin } from '../../../packages/nuxt-cloakroom/src/runtime/server/http/host-origin'
import {
  classifyOrigin, originHeadersOf, originsFor,
} from '../../../packages/nuxt-cloakroom/src/runtime/server/http/request-headers'

type Headers = Record<string, string>

function originOf(headers: Headers, { encrypted = false, isTrusted = false, behindProxy = false } = {}) {
  const proxies = { config: { behindProxy }, isTrustedPeer: () => isTrusted }
  return new HostOrigin({ headers, socket: { encrypted } as unknown as Socket }, proxies)
}

describe('HostOrigin', () => {
  it.each([
    ['app.example.com', 'https://app.example.com'],
    ['app.example.com:443', 'https://app.example.com'],
    ['APP.example.com', 'https://app.example.com'],
    ['app.example.com:8443', 'https://app.example.com:8443'],
    ['localhost:3000', 'https://localhost:3000'],
    ['localhost:3000', 'http://localhost:3000'],
    ['127.0.0.1:3000', 'http://127.0.0.1:3000'],
    ['[::1]:3000', 'http://[::1]:3000'],
  ])('of a request to %s has %s', (host, origin) => {
    expect(originOf({ host }).has(origin)).toBe(true)
  })

  it.each([
    ['app.example.com', 'http://app.example.com'],
    ['app.example.com', 'https://app.example.com:8443'],
    ['app.example.com', 'https://app.example.com.evil.test'],
    ['app.example.com', 'https://evil.test'],
    ['app.example.com', 'null'],
    ['app.example.com', ''],
    ['localhost:3000', 'http://localhost:3001'],
    ['localhost.evil.test', 'http://localhost.evil.test'],
    ['', 'https://'],
    ['a b', 'https://a b'],
  ])('of a request to %j does not have %j', (host, origin) => {
    expect(originOf({ host }).has(origin)).toBe(false)
  })

  it('without a Host header has none', () => {
    expect(originOf({}).has('https://undefined')).toBe(false)
  })

  it('over TLS has no http origin, on this machine neither', () => {
    expect(originOf({ host: 'localhost:3000' }, { encrypted: true }).has('http://localhost:3000')).toBe(false)
  })

  it('behind a proxy has no http origin, whose host may be the proxy’s word for a public address', () => {
    const host = 'localhost:3000'
    expect(originOf({ host }, { behindProxy: true }).has('http://localhost:3000')).toBe(false)
    for (const name of ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'via']) {
      expect(originOf({ host, [name]: 'a' }).has('http://localhost:3000')).toBe(false)
    }
    expect(originOf({ host }, { behindProxy: true }).has('https://localhost:3000')).toBe(true)
  })

  it('is that of :authority over HTTP/2', () => {
    expect(originOf({ ':authority': 'app.example.com' }).has('https://app.example.com')).toBe(true)
  })

  it('takes X-Forwarded-Host from a trusted proxy only, and the first of several', () => {
    const headers = { 'host': 'internal:3000', 'x-forwarded-host': 'app.example.com, other.test' }
    expect(originOf(headers, { isTrusted: true }).has('https://app.example.com')).toBe(true)
    expect(originOf(headers, { isTrusted: true }).has('https://internal:3000')).toBe(false)
    expect(originOf(headers).has('https://app.example.com')).toBe(false)
    expect(originOf(headers).has('https://internal:3000')).toBe(true)
  })
})

describe('a request that says it is of the same origin', () => {
  const EVIL = 'https://evil.test'

  /** How a POST with this origin and this Host header is classified. */
  function classify(
    origin: string,
    host: string,
    { own = [] as string[], encrypted = false, behindProxy = false, forwarded = {} } = {},
  ) {
    const headers = { origin, host, 'sec-fetch-site': 'same-origin', ...forwarded }
    const request = { headers, socket: { encrypted } as unknown as Socket }
    const proxies = { config: { behindProxy }, isTrustedPeer: () => false }
    const known = originsFor(request, { own: new Set(own), allowed: new Set() }, proxies)
    return classifyOrigin(originHeadersOf('POST', headers, true), known)
  }

  const APP = { own: ['https://app.example.com'] }
  const DEVELOPMENT = { own: ['http://localhost:3000', 'http://127.0.0.1:3000'] }
  const forwarded = { 'x-forwarded-for': '127.0.0.1' }

  it.each([
    ['the app’s own origin', 'https://app.example.com', 'app.example.com', APP],
    ['the default port', 'https://app.example.com', 'app.example.com:443', APP],
    ['a second name', 'https://shop.example.com', 'shop.example.com', APP],
    ['a tenant in development', 'http://shop.localhost:3000', 'shop.localhost:3000', { ...DEVELOPMENT, forwarded }],
    ['a mapped port', 'http://localhost:8080', 'localhost:8080', DEVELOPMENT],
    ['no configured origin, behind a proxy that changes Host', 'https://app.example.com', '127.0.0.1:3000', {}],
    ['no configured origin, over TLS', 'https://app.example.com', 'app.example.com', { encrypted: true }],
    ['a proxy that re-encrypts', 'https://app.example.com', '10.0.0.1', { encrypted: true, behindProxy: true }],
  ])('is the app’s with %s', (_case, origin, host, options) => {
    expect(classify(origin, host, options)).toBe('own')
  })

  it.each([
    ['the app’s own Host', 'app.example.com', APP],
    ['the app’s own Host in development', 'localhost:3000', { ...DEVELOPMENT, forwarded }],
    ['the app’s own Host and port', 'app.example.com:443', APP],
    ['a Host that a proxy has changed', '10.0.0.1:3000', APP],
    ['its own Host, over plain HTTP', 'evil.test', { encrypted: true }],
    ['no configured origin, over TLS', 'app.example.com', { encrypted: true }],
  ])('and names another one is foreign, with %s', (_case, host, options) => {
    expect(classify(host === 'evil.test' ? 'http://evil.test' : EVIL, host, options)).toBe('foreign')
    expect(classify('not an origin', host, options)).toBe('foreign')
  })

  it('and has a foreign Referer instead of an origin is foreign', () => {
    const { own } = APP
    const headers = { 'host': 'app.example.com', 'sec-fetch-site': 'same-origin' }
    const request = { headers, socket: {} as unknown as Socket }
    const proxies = { config: { behindProxy: false }, isTrustedPeer: () => false }
    const known = originsFor(request, { own: new Set(own), allowed: new Set() }, proxies)
    const classified = [`${EVIL}/page`, `${own[0]}/page`, ''].map(referer =>
      classifyOrigin(originHeadersOf('POST', { ...headers, referer }, true), known))
    expect(classified).toEqual(['foreign', 'own', 'own'])
  })

  it('may hide its origin', () => {
    expect(classify('null', 'app.example.com', APP)).toBe('own')
  })
})
