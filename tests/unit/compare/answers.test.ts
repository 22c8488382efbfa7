import { describe, expect, it } from 'vitest'
import { cookieAttributes, readCookie, setCookieLine } from '../../../layers/compare/server/compare/cookie'
import { corsHeadersFor } from '../../../layers/compare/server/compare/cors'
import { SCENARIOS } from '../../../layers/compare/shared/compare/scenarios'
import type { Kind } from '../../../layers/compare/shared/compare/scenarios'

const PAGE = 'https://localhost:3000'
const serverOf = (kind: Kind) =>
  SCENARIOS.find(scenario => scenario.target === 'cross-site' && scenario.kind === kind)!.server

describe('corsHeadersFor', () => {
  it('sends nothing on the page\'s own origin', () => {
    expect(corsHeadersFor(SCENARIOS[0]!.server, PAGE, false)).toEqual({})
    expect(corsHeadersFor(SCENARIOS[0]!.server, PAGE, true)).toEqual({})
  })

  it('names the page\'s origin where all is right, and says more to a preflight', () => {
    const always = { 'access-control-allow-origin': PAGE, 'access-control-allow-credentials': 'true' }
    expect(corsHeadersFor(serverOf('right'), PAGE, false)).toEqual(always)
    expect(corsHeadersFor(serverOf('right'), PAGE, true)).toEqual({
      ...always,
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'Content-Type',
      'access-control-max-age': '0',
    })
  })

  it.each<[Kind, object]>([
    [
      'not-listed',
      { 'access-control-allow-origin': 'https://app.example', 'access-control-allow-credentials': 'true' },
    ],
    ['wildcard', { 'access-control-allow-origin': '*', 'access-control-allow-credentials': 'true' }],
    ['no-allow-credentials', { 'access-control-allow-origin': PAGE }],
  ])('is wrong in one way for %s', (kind, headers) => {
    expect(corsHeadersFor(serverOf(kind), PAGE, false)).toEqual(headers)
  })

  it('leaves a preflight without an answer where that is the mistake, and the request with one', () => {
    expect(corsHeadersFor(serverOf('no-preflight'), PAGE, true)).toEqual({})
    expect(corsHeadersFor(serverOf('no-preflight'), PAGE, false)).toMatchObject({ 'access-control-allow-origin': PAGE })
  })
})

describe('the cookie', () => {
  it.each<[Kind, string]>([
    ['right', 'HttpOnly; Secure; SameSite=None; Partitioned'],
    ['lax', 'HttpOnly; Secure; SameSite=Lax'],
    ['strict', 'HttpOnly; Secure; SameSite=Strict'],
    ['no-samesite', 'HttpOnly; Secure'],
    ['none', 'HttpOnly; Secure; SameSite=None'],
    ['none-insecure', 'HttpOnly; SameSite=None'],
  ])('has for %s the attributes %s', (kind, attributes) => {
    expect(cookieAttributes(serverOf(kind).cookie, '/_compare/x')).toBe(`Path=/_compare/x; Max-Age=300; ${attributes}`)
  })

  it('is found again among others, by its exact name', () => {
    expect(setCookieLine('v', 'Path=/')).toBe('compare=v; Path=/')
    expect(readCookie('a=b; compare=v; c=d')).toBe('v')
    expect(readCookie('xcompare=v; compares=w')).toBeNull()
    expect(readCookie(undefined)).toBeNull()
  })
})
