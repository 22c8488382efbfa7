import { describe, expect, it } from 'vitest'
import { takeCookie } from '../../../packages/nuxt-cloakroom/src/runtime/server/http/request-headers'

const NAME = '__Host-session'

function request(...cookies: string[]) {
  const rawHeaders = ['Host', 'a.test', ...cookies.flatMap(cookie => ['Cookie', cookie]), 'Accept', '*/*']
  const headers = { host: 'a.test', ...(cookies.length > 0 ? { cookie: cookies.join('; ') } : {}), accept: '*/*' }
  return { headers: headers as Record<string, string>, rawHeaders }
}

describe('takeCookie', () => {
  it.each([
    [`${NAME}=abc`, 'abc', undefined],
    [`a=1; ${NAME}=abc; b=2`, 'abc', 'a=1; b=2'],
    [`${NAME}=abc;a=1`, 'abc', 'a=1'],
    [`a=1;\t${NAME}=abc`, 'abc', 'a=1'],
    [`${NAME}=abc; ${NAME}=abc`, 'abc', undefined],
    [`${NAME}=; a=1`, '', 'a=1'],
    [`x${NAME}=1; ${NAME}=abc; ${NAME}2=3`, 'abc', `x${NAME}=1; ${NAME}2=3`],
  ])('reads %j as %j and leaves %j', (cookie, value, rest) => {
    const { headers, rawHeaders } = request(cookie)
    expect(takeCookie({ headers, rawHeaders }, NAME)).toEqual({ kind: 'present', value })
    expect(headers.cookie).toBe(rest)
    expect('cookie' in headers).toBe(rest !== undefined)
    expect(rawHeaders.join()).not.toContain(`${NAME}=abc`)
  })

  it('removes two different ones, and trusts neither', () => {
    const { headers, rawHeaders } = request(`${NAME}=a; c=1; ${NAME}=b`)
    expect(takeCookie({ headers, rawHeaders }, NAME)).toEqual({ kind: 'duplicate' })
    expect(headers.cookie).toBe('c=1')
  })

  it.each([[[]], [['a=1']], [[`a=${NAME}`]], [[`${NAME} =1`]], [[`${NAME.toLowerCase()}=1`]]])(
    'changes nothing if there is none: %j',
    (cookies) => {
      const { headers, rawHeaders } = request(...cookies)
      const before = structuredClone({ headers, rawHeaders })
      expect(takeCookie({ headers, rawHeaders }, NAME)).toEqual({ kind: 'absent' })
      expect({ headers, rawHeaders }).toEqual(before)
    },
  )

  it('keeps the number of raw headers, which Node has counted, also with several Cookie headers', () => {
    const { headers, rawHeaders } = request('a=1', `${NAME}=abc`, 'b=2')
    takeCookie({ headers, rawHeaders }, NAME)
    expect(headers.cookie).toBe('a=1; b=2')
    const cookies = ['Cookie', headers.cookie, 'Cookie', '', 'Cookie', '']
    expect(rawHeaders).toEqual(['Host', 'a.test', ...cookies, 'Accept', '*/*'])
  })
})
