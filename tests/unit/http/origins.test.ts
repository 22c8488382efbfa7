import { describe, expect, it } from 'vitest'
import { parseOrigins } from '../../../packages/nuxt-cloakroom/src/runtime/server/http/origins'
import { configErrorOf } from '../../support/config-error'

const VARIABLE = 'NUXT_CLOAKROOM_ALLOWED_ORIGINS'

function refusal(list: string, dev = false): string {
  return configErrorOf(() => parseOrigins(VARIABLE, list, dev)).message
}

describe('parseOrigins', () => {
  it('returns no origins for an empty list', () => {
    expect(parseOrigins(VARIABLE, '', false)).toEqual([])
  })

  it('returns exact origins, without the blanks around commas', () => {
    const list = 'https://app.example.com, https://localhost:3000 ,https://[::1]:8443'
    expect(parseOrigins(VARIABLE, list, false))
      .toEqual(['https://app.example.com', 'https://localhost:3000', 'https://[::1]:8443'])
  })

  it('accepts plain http in development only', () => {
    expect(parseOrigins(VARIABLE, 'http://localhost:5173', true)).toEqual(['http://localhost:5173'])
    expect(refusal('http://localhost:5173')).toContain('"http://localhost:5173", which is not https')
  })

  it.each([
    ['a wildcard', '*', 'a wildcard, which is not allowed with credentials'],
    ['a wildcard host', 'https://*.example.com', 'a wildcard'],
    ['null', 'null', 'not an origin'],
    ['no scheme', 'app.example.com', 'not an origin'],
    ['no scheme but a port', 'localhost:3000', 'would send as "null"'],
    ['a path', 'https://app.example.com/login', 'would send as "https://app.example.com"'],
    ['a trailing slash', 'https://app.example.com/', 'would send as "https://app.example.com"'],
    ['a query', 'https://app.example.com?a=1', 'would send as'],
    ['a fragment', 'https://app.example.com#a', 'would send as'],
    ['a user', 'https://me@app.example.com', 'would send as'],
    ['capitals', 'https://App.example.com', 'would send as'],
    ['the default port', 'https://app.example.com:443', 'would send as'],
    ['letters that are not ASCII', 'https://bücher.example', 'would send as "https://xn--bcher-kva.example"'],
    ['a blank inside', 'https://app.example.com https://b.example', 'not an origin'],
    ['an empty entry', 'https://a.example,,https://b.example', 'an empty entry'],
    ['a comma at the end', 'https://a.example,', 'an empty entry'],
    ['a regular expression', '/^https:\\/\\/.+\\.example\\.com$/', 'not an origin'],
    ['a regular expression with a scheme', 'https://(a|b).example.com', 'origin'],
    ['a scheme with an opaque origin', 'file:///tmp', 'would send as "null"'],
    ['web sockets', 'wss://a.example', 'not https'],
    ['the same twice', 'https://a.example,https://b.example,https://a.example', 'lists https://a.example twice'],
  ])('refuses %s', (_case, list, problem) => {
    const message = refusal(list)
    expect(message).toMatch(/^\[cloakroom\] NUXT_CLOAKROOM_ALLOWED_ORIGINS /)
    expect(message).toContain(problem)
    expect(message).toMatch(/List .*\.?$/)
  })
})
