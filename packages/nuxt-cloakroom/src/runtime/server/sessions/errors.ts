import { STATUS_CODES } from 'node:http'
import type { SessionErrorCode } from '../../shared/types/session'

const STATUS: Record<SessionErrorCode, number> = {
  no_session: 401,
  not_fresh: 403,
  cross_origin_refused: 403,
  conflict: 409,
  too_large: 413,
  unsupported_type: 415,
  mismatch: 422,
  store_unavailable: 503,
}

/**
 * An error that the client caused or has to handle. Its status and `data.code` are part of the HTTP contract.
 *
 * The core does not import h3, so the class carries the property by which h3 recognizes its own errors
 * (`isError()` reads `constructor.__h3_error__`). Without it h3 would respond with 500 and log a stack trace.
 */
export class SessionError extends Error {
  static readonly __h3_error__ = true
  readonly statusCode: number
  readonly statusMessage: string
  readonly data: { code: SessionErrorCode }
  readonly unhandled = false
  readonly fatal = false
  readonly code: SessionErrorCode

  constructor(code: SessionErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'SessionError'
    this.code = code
    this.statusCode = STATUS[code]
    this.statusMessage = STATUS_CODES[this.statusCode]!
    this.data = { code }
  }

  toJSON() {
    return { message: this.message, statusCode: this.statusCode, data: this.data }
  }
}

/** For a request of a page of another origin that must not write or open a stream. */
export function crossOriginRefused(hint = ''): SessionError {
  return new SessionError(
    'cross_origin_refused',
    'Cross-origin request refused. Non-browser clients that send a session cookie must also send an allowed Origin '
    + `header.${hint}`,
  )
}

/** An invalid configuration, which stops the start. Names the setting, the problem and the fix. */
export class ConfigError extends Error {
  readonly setting: string

  constructor(setting: string, problem: string, fix: string) {
    super(`[cloakroom] ${setting} ${problem}. ${fix}`)
    this.name = 'ConfigError'
    this.setting = setting
  }
}
