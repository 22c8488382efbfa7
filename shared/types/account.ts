/** An account as the user's own pages receive it. */
export interface AccountView {
  /** The user id that sessions store. Never changes. */
  id: string
  /** The name that the user signs in with, as it was typed at registration. */
  name: string
  /** Milliseconds since the epoch. */
  createdAt: number
}

/**
 * Codes in `error.data.code` of the account routes, each with the HTTP status that it always comes with. The module's
 * own codes come in addition.
 */
export type AccountErrorCode
  = 'invalid_body' // 400
    | 'wrong_credentials' // 401
    | 'name_taken' // 409
    | 'common_password' // 422
    | 'rate_limited' // 429
    | 'busy' // 503

/** The content of `error.data`. */
export interface AccountErrorData {
  code: AccountErrorCode
  /** With `invalid_body`: a sentence for each invalid field. */
  fields?: Record<string, string>
}
