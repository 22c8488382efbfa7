import type { SessionErrorCode } from '#cloakroom'
import { FetchError } from 'ofetch'
import { expect, it } from 'vitest'
import { failureOf } from '../../../../utils/session-page/call-failure'

/** The error that ofetch throws for a response with `status`; without one, for a server that cannot be reached. */
function fetchError(status?: number, code?: SessionErrorCode): FetchError {
  const response = status === undefined ? undefined : new Response(null, { status })
  const data = code && { message: `The server says ${code}.`, data: { code } }
  return Object.assign(new FetchError('failed'), { response, data })
}

it('has the code and the sentence of the server', () => {
  expect(failureOf(fetchError(422, 'mismatch'))).toEqual({ code: 'mismatch', message: 'The server says mismatch.' })
})

it.each([
  [undefined, 'unreachable'],
  [503, 'store_unavailable'],
  [500, 'unexpected'],
  [400, 'unexpected'],
] as const)('is, for status %s without a code, %s', (status, code) => {
  expect(failureOf(fetchError(status))).toEqual({ code, message: '' })
})

it('is not made of a programming error, which is thrown again', () => {
  expect(() => failureOf(new TypeError('x is not a function'))).toThrow('x is not a function')
})
