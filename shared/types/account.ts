/** An account as its owner's pages may see it. */
export interface AccountView {
  /** The owner's id, as sessions know it. Never changes. */
  id: string
  /** What the owner signs in with, as it was typed at registration. */
  name: string
  /** Milliseconds since the epoch. */
  createdAt: number
}

/**
 * Codes in `error.data.code` of the account's routes, each with the HTTP status it always comes with; beside the codes
 * of the module.
 */
export type AccountErrorCode
  = 'invalid_body' // 400
    | 'wrong_credentials' // 401
    | 'name_taken' // 409
    | 'common_password' // 422
    | 'rate_limited' // 429
    | 'busy' // 503

/** What `error.data` holds. */
export interface AccountErrorData {
  code: AccountErrorCode
  /** With `invalid_body`: a sentence for each field that will not do. */
  fields?: Record<string, string>
}
