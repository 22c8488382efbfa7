import { createError, isError } from 'h3'
import { describe, expect, it } from 'vitest'
import { ConfigError, SessionError } from '../../../layers/session/server/engine/errors'
import type { SessionErrorCode } from '../../../layers/session/shared/types/session'

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
  it.each(CONTRACT)('%s answers %i %s', (code, statusCode, statusMessage) => {
    expect(new SessionError(code, 'text')).toMatchObject({ name: 'SessionError', message: 'text', statusCode, statusMessage, data: { code } })
  })

  it('is one of h3\'s own errors to h3, and passes through it as it is', () => {
    const error = new SessionError('no_session', 'text')
    expect(isError(error)).toBe(true)
    expect(createError(error)).toBe(error)
    expect(error).toMatchObject({ unhandled: false, fatal: false })
  })

  it('keeps its cause for the log, and out of the answer', () => {
    const error = new SessionError('store_unavailable', 'text', { cause: new Error('password=hunter2') })
    expect((error.cause as Error).message).toContain('hunter2')
    expect(JSON.parse(JSON.stringify(error))).toEqual({ message: 'text', statusCode: 503, data: { code: 'store_unavailable' } })
  })
})

describe('ConfigError', () => {
  it('says which variable, what is wrong with it and how to mend it', () => {
    const error = new ConfigError('NUXT_X', 'is odd', 'Make it even.')
    expect(error).toMatchObject({ name: 'ConfigError', variable: 'NUXT_X', message: '[session] NUXT_X is odd. Make it even.' })
    expect(isError(error)).toBe(false)
  })
})
