import { registerEndpoint } from '@nuxt/test-utils/runtime'
import { createError, readBody, setResponseHeader } from 'h3'
import { describe, expect, it } from 'vitest'
import { createSessionApi, failureOf, type Call } from '../../../../composables/session/api'
import { fetchError } from '../../support/views'

describe('a call', () => {
  it('is reported with method, path and status', async () => {
    registerEndpoint('/api/session', {
      method: 'POST',
      handler: async event => ({ message: (await readBody(event)).session }),
    })
    const calls: Omit<Call, 'id'>[] = []
    const answer = await createSessionApi($fetch, call => calls.push(call)).check('abc')

    expect(answer).toEqual({ message: 'abc' })
    expect(calls).toMatchObject([{ method: 'POST', path: '/api/session', status: 200 }])
  })

  it('that is refused is reported too, made once, and says why', async () => {
    let count = 0
    registerEndpoint('/api/_session', (event) => {
      count++
      setResponseHeader(event, 'Retry-After', 7)
      throw createError({ statusCode: 503, message: 'down', data: { code: 'store_unavailable' } })
    })
    const calls: Omit<Call, 'id'>[] = []
    const failure = await createSessionApi($fetch, call => calls.push(call)).view().catch(failureOf)

    expect(failure).toMatchObject({ code: 'store_unavailable', retryAfterSeconds: 7 })
    expect(calls).toMatchObject([{ method: 'GET', path: '/api/_session', status: 503 }])
    expect(count).toBe(1)
  })
})

describe('a failure', () => {
  it('carries the code that the server gave', () => {
    const failure = { code: 'mismatch', message: 'mismatch, said the server', retryAfterSeconds: null }
    expect(failureOf(fetchError(422, 'mismatch'))).toEqual(failure)
  })

  it.each([
    [undefined, 'unreachable'],
    [503, 'store_unavailable'],
    [500, 'unexpected'],
    [400, 'unexpected'],
  ] as const)('of status %s without a code is %s', (status, code) => {
    expect(failureOf(fetchError(status)).code).toBe(code)
  })

  it.each([
    ['5', 5],
    ['0', 0],
    ['-1', null],
    ['Wed, 21 Oct 2026 07:28:00 GMT', null],
  ])('with Retry-After "%s" waits %s', (header, seconds) => {
    expect(failureOf(fetchError(503, undefined, { 'retry-after': header })).retryAfterSeconds).toBe(seconds)
  })

  it('is never made of a mistake in our own code', () => {
    expect(() => failureOf(new TypeError('x is not a function'))).toThrow('x is not a function')
  })
})
