import * as v from 'valibot'

const Name = v.pipe(
  v.string('A name is text.'),
  v.trim(),
  v.minLength(3, 'A name has at least 3 characters.'),
  v.maxLength(64, 'A name has at most 64 characters.'),
  v.regex(/^[\p{L}\p{N}._@+-]+$/u, 'A name is made of letters, digits and . _ @ + -'),
)

/**
 * Any password that an account can have. It has no rule for characters, and nothing is cut off or trimmed (ASVS
 * 6.2.5, 6.2.8).
 */
const Password = v.pipe(
  v.string('A password is text.'),
  v.minLength(1, 'There is no password.'),
  v.maxLength(256, 'A password has at most 256 characters.'),
)

/** A new password (ASVS 6.2.1, 6.2.9). The server also refuses common ones. */
const NewPassword = v.pipe(Password, v.minLength(8, 'A password has at least 8 characters. 15 or more are better.'))

/** The rule for a new password, as the user reads it. */
export const PASSWORD_HELP = 'At least 8 characters; 15 or more are better. Any characters will do.'

/** Whether the session stays after the browser is closed. */
const Remember = v.optional(v.boolean('Remember is true or false.'), false)

/** The body of a registration. */
export const Registration = v.object({ name: Name, password: NewPassword, remember: Remember })

/** The body of a sign-in. It does not apply the rules for names: a name that no account can have is a wrong name. */
export const Credentials = v.object({
  name: v.pipe(v.string('A name is text.'), v.trim(), v.maxLength(64, 'A name has at most 64 characters.')),
  password: Password,
  remember: Remember,
})

/** The body that confirms that the user is still the same person. */
export const Confirmation = v.object({ password: Password })

/** The body of a password change: the current password and the new one. */
export const PasswordChange = v.object({ current: Password, password: NewPassword })

/** Longer notes are refused: the session that contains them should stay small. */
export const NOTE_MAX_LENGTH = 2000

/** The note that a user stores in the session. An empty one deletes it. */
export const Note = v.object({
  note: v.pipe(v.string('A note is text.'), v.maxLength(NOTE_MAX_LENGTH, `A note has at most ${NOTE_MAX_LENGTH} `
  + `characters.`)),
})
