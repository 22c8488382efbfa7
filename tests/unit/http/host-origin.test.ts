import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { HostOrigin } from '../../../packages/nuxt-cloakroom/src/runtime/server/http/host-origin'

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
