import { createError, isError } from 'h3'
import { describe, expect, it } from 'vitest'
import { ConfigError, SessionError } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/errors'
import type { SessionErrorCode } from '../../../packages/nuxt-cloakroom/src/runtime/shared/types/session'

const CONTRACT: [SessionErrorCode, number, string][] = [
  ['no_session', 401, 'Unauthorized'],
  ['not_fresh', 403, 'Forbidden'],
  ['cross_origin_refused', 403, 'Forbidden'],
  ['conflict', 409, 'Conflict'],
  ['too_large', 413, 'Payload Too Large'],
  ['unsupported_type', 415, 'Unsupported Media Type'],
  ['mismatch', 422, 'Unprocessable Entity'],
  ['store_unavailable', 503, 'Service Unavailable'],
]

describe('SessionError', () => {
  it.each(CONTRACT)('responds to %s with %i %s', (code, statusCode, statusMessage) => {
    const expected = { name: 'SessionError', message: 'text', statusCode, statusMessage, data: { code } }
    expect(new SessionError(code, 'text')).toMatchObject(expected)
  })

  it('is recognized by h3 as one of its own errors, and passes through it unchanged', () => {
    const error = new SessionError('no_session', 'text')
    expect(isError(error)).toBe(true)
    expect(createError(error)).toBe(error)
    expect(error).toMatchObject({ unhandled: false, fatal: false })
  })

  it('keeps its cause for the log, and leaves it out of the response', () => {
    const error = new SessionError('store_unavailable', 'text', { cause: new Error('password=hunter2') })
    expect((error.cause as Error).message).toContain('hunter2')
    const body = { message: 'text', statusCode: 503, data: { code: 'store_unavailable' } }
    expect(JSON.parse(JSON.stringify(error))).toEqual(body)
  })
})

describe('ConfigError', () => {
  it('names the setting, the problem and the fix', () => {
    const error = new ConfigError('NUXT_X', 'is odd', 'Make it even.')
    const message = '[cloakroom] NUXT_X is odd. Make it even.'
    expect(error).toMatchObject({ name: 'ConfigError', setting: 'NUXT_X', message })
    expect(isError(error)).toBe(false)
  })
})
