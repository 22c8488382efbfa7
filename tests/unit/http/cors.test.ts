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
    })
  })

  it.each(LOOK_ALIKES)('returns no header but Vary for the origin %j', (origin) => {
    expect(corsHeaders(origin, allowed)).toEqual({ vary: 'Origin', headers: {} })
  })
})

describe('preflightHeaders', () => {
  it('lists methods and headers explicitly, for ten minutes', () => {
    expect(preflightHeaders(ALLOWED, allowed)).toEqual({
      vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
      headers: {
        'access-control-allow-origin': ALLOWED,
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
        'access-control-allow-headers': 'Content-Type',
        'access-control-max-age': '600',
      },
    })
  })

  it.each(LOOK_ALIKES)('returns no CORS header for the origin %j', (origin) => {
    expect(preflightHeaders(origin, allowed).headers).toEqual({})
  })

  it('never returns a wildcard or the private network header', () => {
    const { headers } = preflightHeaders(ALLOWED, allowed)
    expect(Object.values(headers).join()).not.toContain('*')
    expect(Object.keys(headers)).not.toContain('access-control-allow-private-network')
  })
})
