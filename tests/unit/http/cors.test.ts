import { describe, expect, it } from 'vitest'
import { corsHeaders, preflightHeaders } from '../../../packages/nuxt-cloakroom/src/runtime/server/http/cors'

const ALLOWED = 'https://app.example.com'
const allowed = new Set([ALLOWED, 'https://localhost:3000'])
const LOOK_ALIKES = [
  undefined,
  'null',
  '',
  '*',
  'https://app.example.com.evil.test',
  'https://evilapp.example.com',
  'https://evil.test/app.example.com',
  'https://evil.test?https://app.example.com',
  'http://app.example.com',
  'https://app.example.com:8443',
  'https://app.example.com/',
  'https://APP.example.com',
  'https://app.example.com https://evil.test',
  'https://localhost:30000',
]

describe('corsHeaders', () => {
  it('names an allowed origin exactly and allows credentials', () => {
    expect(corsHeaders(ALLOWED, allowed)).toEqual({
      vary: 'Origin',
      headers: { 'access-control-allow-origin': ALLOWED, 'access-control-allow-credentials': 'true' },
      exposed: 'Retry-After, Content-Disposition, ETag, Link, Location, Server-Timing, X-Request-Id',
    })
  })

  it.each(LOOK_ALIKES)('returns no header but Vary for the origin %j', (origin) => {
    expect(corsHeaders(origin, allowed)).toEqual({ vary: 'Origin', headers: {} })
  })
})

describe('preflightHeaders', () => {
  const preflight = (origin: string | undefined, names?: string) =>
    preflightHeaders({ origin, 'access-control-request-headers': names }, allowed)

  it('lists the methods, and the headers that the origin asks for, for ten minutes', () => {
    expect(preflight(ALLOWED, 'content-type,traceparent,x-requested-with')).toEqual({
      vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
      headers: {
        'access-control-allow-origin': ALLOWED,
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
        'access-control-allow-headers': 'content-type,traceparent,x-requested-with',
        'access-control-max-age': '600',
      },
    })
  })

  const NOT_NAMES = [undefined, '', 'a b\r\nc: d', 'x'.repeat(2001), 'naïve', 'a;b', '"a"']
  it.each(NOT_NAMES)('allows no headers for %.30j', (names) => {
    expect(preflight(ALLOWED, names).headers).not.toHaveProperty('access-control-allow-headers')
  })

  it.each(LOOK_ALIKES)('returns no CORS header for the origin %j', (origin) => {
    expect(preflight(origin, 'content-type').headers).toEqual({})
  })

  it('never returns a wildcard or the private network header', () => {
    const { headers } = preflight(ALLOWED, 'content-type')
    expect(Object.values(headers).join()).not.toContain('*')
    expect(Object.keys(headers)).not.toContain('access-control-allow-private-network')
  })
})
