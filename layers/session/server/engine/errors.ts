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
 * An answer to the client, not a fault of the program: its status and `data.code` are part of the HTTP contract.
 *
 * The engine must not import h3, so the class carries the brand by which h3 recognises its own errors
 * (`isError()` reads `constructor.__h3_error__`). Without it h3 would answer 500 and log a stack for each.
 */
export class SessionError extends Error {
  static readonly __h3_error__ = true
  readonly statusCode: number
  readonly statusMessage: string
  readonly data: { code: SessionErrorCode }
  readonly unhandled = false
  readonly fatal = false

  constructor(readonly code: SessionErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'SessionError'
    this.statusCode = STATUS[code]
    this.statusMessage = STATUS_CODES[this.statusCode]!
    this.data = { code }
  }

  toJSON() {
    return { message: this.message, statusCode: this.statusCode, data: this.data }
  }
}

/** A configuration that must stop the start: says which variable, why, and how to mend it. */
export class ConfigError extends Error {
  constructor(readonly variable: string, problem: string, remedy: string) {
    super(`[session] ${variable} ${problem}. ${remedy}`)
    this.name = 'ConfigError'
  }
}
