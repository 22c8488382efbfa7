import { STATUS_CODES } from 'node:http'

/** Far above an e-mail address (254) or the `sub` of OpenID Connect (255). It becomes a part of keys in the store. */
const MAX_CHARACTERS = 1024

/**
 * A user id that no store can hold exactly. It is most often a client's text, so it becomes a 400 response, by the
 * properties by which h3 recognizes its own errors.
 */
class InvalidUserIdError extends TypeError {
  static readonly __h3_error__ = true
  readonly statusCode = 400
  readonly statusMessage = STATUS_CODES[400]!
  readonly unhandled = false
  readonly fatal = false

  constructor(problem: string) {
    super(`[cloakroom] A user id ${problem}.`)
    this.name = 'InvalidUserIdError'
  }
}

/**
 * Stores keep text as UTF-8, where all lone surrogates become the same character: two ids would be one user.
 *
 * @throws TypeError if it is not a text, or empty
 * @throws InvalidUserIdError if it is not well-formed Unicode, or has over 1,024 characters
 */
export function assertUserId(userId: unknown): asserts userId is string {
  if (typeof userId !== 'string' || userId === '') {
    throw new TypeError('[cloakroom] A user id has to be a text that is not empty.')
  }
  if (userId.length > MAX_CHARACTERS) throw new InvalidUserIdError(`has over ${MAX_CHARACTERS} characters`)
  if (!userId.isWellFormed()) throw new InvalidUserIdError('is not well-formed Unicode')
}
