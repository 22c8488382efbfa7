import { describe, expect, it } from 'vitest'
import { corsHeaders, preflightHeaders } from '../../../layers/session/server/engine/cors'

const LISTED = 'https://app.example.com'
const allowed = new Set([LISTED, 'https://localhost:3000'])
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
  it('answers a listed origin by its own name, with credentials spelt exactly (C1, C16)', () => {
    expect(corsHeaders(LISTED, allowed)).toEqual({
      vary: 'Origin',
      headers: { 'access-control-allow-origin': LISTED, 'access-control-allow-credentials': 'true' },
    })
  })

  it.each(LOOK_ALIKES)('answers %j with no header but Vary (C2, C3, C4)', (origin) => {
    expect(corsHeaders(origin, allowed)).toEqual({ vary: 'Origin', headers: {} })
  })
})

describe('preflightHeaders', () => {
  it('lists methods and headers explicitly, for ten minutes (C9)', () => {
    expect(preflightHeaders(LISTED, allowed)).toEqual({
      vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
      headers: {
        'access-control-allow-origin': LISTED,
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
        'access-control-allow-headers': 'Content-Type',
        'access-control-max-age': '600',
      },
    })
  })

  it.each(LOOK_ALIKES)('tells %j nothing (C10)', (origin) => {
    expect(preflightHeaders(origin, allowed).headers).toEqual({})
  })

  it('never sends a wildcard or the private network header (C15)', () => {
    const { headers } = preflightHeaders(LISTED, allowed)
    expect(Object.values(headers).join()).not.toContain('*')
    expect(Object.keys(headers)).not.toContain('access-control-allow-private-network')
  })
})
